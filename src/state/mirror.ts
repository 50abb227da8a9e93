import { raise, tick } from "./clock.ts";
import { flag, layout, slotCount, slotWidth, word } from "./layout.ts";

/** What one machine has to say of a name. Numbers are whole. */
export interface Report {
  readonly slot: number;
  /** The name's key: the same on all machines. */
  readonly key: string;
  readonly value: bigint;
  /** All that this machine ever added. */
  readonly own: bigint;
  /** How much of it the others have. */
  readonly sent: bigint;
  /** Whether somebody gave it a value. */
  readonly known: boolean;
  /** Number of the last `setgs`, when the others do not have it. */
  readonly set: number | undefined;
  /** Time of the last `setlu`, µs, and its number, when the others do not have it. */
  readonly change: { readonly time: bigint; readonly number: number } | undefined;
}

/** What is true of it for all. */
export interface Truth {
  /** `undefined` while nobody gave it one. */
  readonly value: bigint | undefined;
  /** Newest change, µs; 0 for none. */
  readonly time: bigint;
  /** Somebody else changed it since this machine asked last. */
  readonly changed: boolean;
}

/**
 * The words of this machine as the mirror of those that a cluster shares. The value is what others added (`foreign`) and what
 * was added here. Only one process of a machine may use `reports` and `settle` at a time; the others read and write meanwhile,
 * without a lock. All that is known is in the words: who comes after a process that was killed goes on with it. Spec H5.
 */
export class Mirror {
  readonly #words: BigInt64Array;
  /** The same memory. */
  readonly #halves: Int32Array;

  constructor(words: BigInt64Array, halves: Int32Array) {
    this.#words = words;
    this.#halves = halves;
  }

  /** What this service, on this machine, is known by until it ends. */
  machine(): string {
    const random = crypto.getRandomValues(new BigInt64Array(1))[0]! | 1n;
    const before = Atomics.compareExchange(this.#words, layout.machine, 0n, random);
    return hex(before === 0n ? random : before);
  }

  /** Names whose number or time changed here, those nobody asked for yet, and those that are `wanted`. */
  reports(wanted: (key: string) => boolean): Report[] {
    const found: Report[] = [];
    const end = layout.slots + slotCount * slotWidth;
    for (let slot = layout.slots; slot < end && this.#words[slot] !== 0n; slot += slotWidth) {
      if (this.#isSettled(slot) && !wanted(hex(this.#words[slot]!))) continue;
      found.push(this.#report(slot));
    }
    return found;
  }

  /** The others have what a report said. */
  settle({ slot, own, set, change }: Report, truth: Truth): void {
    const words = this.#words;
    if (truth.value !== undefined) {
      const difference = truth.value - own - words[slot + word.foreign]!;
      if (difference !== 0n) {
        Atomics.add(words, slot + word.foreign, difference);
        Atomics.add(words, slot + word.value, difference);
      }
      Atomics.or(words, slot + word.flags, flag.set);
    }
    Atomics.store(words, slot + word.sent, own);
    if (set !== undefined) Atomics.store(this.#halves, 2 * (slot + word.sets) + 1, set);
    if (change !== undefined) Atomics.store(this.#halves, 2 * (slot + word.changes) + 1, change.number);
    this.#settleTime(slot, truth);
    Atomics.or(words, slot + word.flags, flag.pulled);
  }

  /** Another machine says that this changed just now: what was kept here before is old from now on. */
  touch(key: string): void {
    const slot = this.#slotOf(key);
    if (slot !== undefined) raise(this.#words, slot + word.stamp, tick(this.#words));
  }

  /** Whether all names here had their value from the others. */
  get pulled(): boolean {
    const end = layout.slots + slotCount * slotWidth;
    for (let slot = layout.slots; slot < end && this.#words[slot] !== 0n; slot += slotWidth)
      if ((Atomics.load(this.#words, slot + word.flags) & flag.pulled) === 0n) return false;
    return true;
  }

  /** By the clock of this machine, what is kept since before it heard of a change is older than it. */
  #settleTime(slot: number, { time, changed }: Truth): void {
    const words = this.#words;
    raise(words, layout.clock, time);
    const isNew = (words[slot + word.flags]! & flag.pulled) === 0n;
    const late = time > Atomics.load(words, slot + word.stamp);
    raise(words, slot + word.stamp, time);
    if (!isNew && (changed || late)) raise(words, slot + word.stamp, tick(words));
  }

  #isSettled(slot: number): boolean {
    const words = this.#words;
    const halves = this.#halves;
    const [sets, changes] = [2 * (slot + word.sets), 2 * (slot + word.changes)];
    return (
      words[slot + word.value]! - words[slot + word.foreign]! === words[slot + word.sent] &&
      halves[sets] === halves[sets + 1] &&
      halves[changes] === halves[changes + 1] &&
      (words[slot + word.flags]! & flag.pulled) !== 0n
    );
  }

  /** Counters are read first: who sets and counts one up meanwhile is reported again. */
  #report(slot: number): Report {
    const [sets, changes] = [2 * (slot + word.sets), 2 * (slot + word.changes)];
    const set = Atomics.load(this.#halves, sets);
    const number = Atomics.load(this.#halves, changes);
    const value = Atomics.load(this.#words, slot + word.value);
    const changed = number !== this.#halves[changes + 1];
    return {
      slot,
      key: hex(this.#words[slot]!),
      value,
      own: value - this.#words[slot + word.foreign]!,
      sent: this.#words[slot + word.sent]!,
      known: (this.#words[slot + word.flags]! & flag.set) !== 0n,
      set: set === this.#halves[sets + 1] ? undefined : set,
      change: changed ? { time: Atomics.load(this.#words, slot + word.stamp), number } : undefined,
    };
  }

  #slotOf(key: string): number | undefined {
    const wanted = BigInt.asIntN(64, BigInt(`0x${key}`));
    const end = layout.slots + slotCount * slotWidth;
    for (let slot = layout.slots; slot < end && this.#words[slot] !== 0n; slot += slotWidth)
      if (this.#words[slot] === wanted) return slot;
    return undefined;
  }
}

/** How names are known between machines. */
export const hex = (key: bigint): string => BigInt.asUintN(64, key).toString(16);
