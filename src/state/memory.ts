import { SkitaiError } from "../errors.ts";
import { flag, keyOf, layout, slotCount, slotWidth, word, wordsAt } from "./layout.ts";
import { raise, tick } from "./clock.ts";
import { Mirror } from "./mirror.ts";
import type { ChangeListener, Words } from "./words.ts";

const { start, slots } = layout;
const { value, flags, stamp } = word;

/** The words in memory: a mapped file that processes share, or a buffer of this process. */
export class MemoryWords implements Words {
  readonly #words: BigInt64Array;
  readonly #halves: Int32Array;
  readonly #names: ReadonlySet<string>;
  readonly #slots = new Map<string, number>();
  readonly #listeners = new Set<ChangeListener>();

  /**
   * @param memory laid out by `initialize`
   * @param names those that may be used; more may come later
   */
  constructor(memory: Uint8Array, names: ReadonlySet<string>) {
    this.#words = wordsAt(memory);
    this.#halves = new Int32Array(this.#words.buffer, this.#words.byteOffset, this.#words.length * 2);
    this.#names = names;
  }

  setgs(name: string, next: number): void {
    const slot = this.#slotOf(name);
    Atomics.store(this.#words, slot + value, integer("setgs", name, next));
    this.#mark(slot);
    Atomics.add(this.#halves, 2 * (slot + word.sets), 1);
  }

  getgs(name: string, otherwise = 0): number {
    const slot = this.#slotOf(name);
    const found = Number(Atomics.load(this.#words, slot + value));
    return found === 0 && otherwise !== 0 && (this.#words[slot + flags]! & flag.set) === 0n
      ? otherwise
      : found;
  }

  incgs(name: string, by = 1): number {
    const slot = this.#slotOf(name);
    const difference = by === 1 ? 1n : integer("incgs", name, by);
    const sum = Number(Atomics.add(this.#words, slot + value, difference)) + by;
    if (!Number.isSafeInteger(sum)) {
      Atomics.sub(this.#words, slot + value, difference);
      throw invalid("incgs", name, sum);
    }
    this.#mark(slot);
    return sum;
  }

  setlu(name: string, ...details: readonly unknown[]): number {
    const slot = this.#slotOf(name);
    const time = tick(this.#words);
    raise(this.#words, slot + stamp, time);
    Atomics.add(this.#halves, 2 * (slot + word.changes), 1);
    for (const listener of this.#listeners) tell(listener, name, details);
    return Number(time) / 1e6;
  }

  getlu(name: string, ...others: readonly string[]): number {
    let newest = this.#stampOf(name);
    for (const other of others) newest = Math.max(newest, this.#stampOf(other));
    return newest / 1e6;
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Gives each name its slot now rather than when it is used.
   * @throws SkitaiError STATE_INVALID when there is none left
   */
  claim(): void {
    for (const name of this.#names) this.#slotOf(name);
  }

  /** What a cluster does with these words. */
  mirror(): Mirror {
    return new Mirror(this.#words, this.#halves);
  }

  #mark(slot: number): void {
    if ((this.#words[slot + flags]! & flag.set) === 0n) Atomics.or(this.#words, slot + flags, flag.set);
  }

  #stampOf(name: string): number {
    const found = Number(Atomics.load(this.#words, this.#slotOf(name) + stamp));
    return found === 0 ? Number(Atomics.load(this.#words, start)) : found;
  }

  #slotOf(name: string): number {
    return this.#slots.get(name) ?? this.#find(name);
  }

  /**
   * A slot belongs to the name whose key is in its first word, for good. Everybody looks from the first slot on and takes
   * the first free one, by one atomic exchange: so a name has one slot, whoever asks for it when, and whoever dies at it.
   */
  #find(name: string): number {
    if (!this.#names.has(name)) throw unknown(name, this.#names);
    const key = keyOf(name);
    for (let slot = slots; slot < slots + slotCount * slotWidth; slot += slotWidth) {
      const owner = Atomics.compareExchange(this.#words, slot, 0n, key);
      if (owner !== 0n && owner !== key) continue;
      this.#slots.set(name, slot);
      return slot;
    }
    throw new SkitaiError("STATE_INVALID", {
      name: `registerStates("${name}")`,
      accepted: `${slotCount} names over all reloads of a service: restart it`,
    });
  }
}

/** A listener that throws harms nobody: its error is one that nobody caught. */
function tell(listener: ChangeListener, name: string, details: readonly unknown[]): void {
  try {
    listener(name, ...details);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function integer(call: string, name: string, given: number): bigint {
  if (!Number.isSafeInteger(given)) throw invalid(call, name, given);
  return BigInt(given);
}

const invalid = (call: string, name: string, given: unknown): SkitaiError =>
  new SkitaiError("STATE_INVALID", {
    name: `${call}("${name}")`,
    value: given,
    accepted: "an integer from -(2^53 - 1) to 2^53 - 1",
  });

function unknown(name: string, names: ReadonlySet<string>): SkitaiError {
  const some = [...names].slice(0, 10).map((each) => `"${each}"`);
  if (names.size > some.length) some.push("...");
  return new SkitaiError("STATE_UNKNOWN", {
    name: "name of a state",
    value: name,
    accepted: `what registerStates() or registerCacheKeys() named before run(): ${some.join(", ") || "nothing"}`,
  });
}
