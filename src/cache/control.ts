import { SkitaiError } from "../errors.ts";
import { plain } from "./key.ts";

/** Where things are, in 64-bit words. */
const layout = { mark: 0, clock: 1, changes: 2, bytes: 3, entries: 4, floor: 5, prefixes: 6 } as const;
const urlBuckets = 65_536;
const tagBuckets = 8_192;
const urls = 64;
const tags = urls + urlBuckets;
const prefixes = tags + tagBuckets;
/** Prefixes that are remembered one by one: a time, a length, the text. */
const prefixSlots = 256;
const prefixWords = 64;
const longestPrefix = 8 * (prefixWords - 2);

export const controlLength = 8 * (prefixes + prefixSlots * prefixWords);
/** "skitcach" and the version of the layout. */
const mark = 0x736b_6974_6361_0001n;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a purge takes away. */
export interface Purged {
  readonly key: string;
  readonly tags: readonly string[];
  readonly born: number;
}

interface PrefixPurge {
  readonly at: number;
  readonly text: string;
}

/**
 * What was purged, and how full the disk is: words in a file that all workers have mapped, so that a purge holds on all
 * of them when it returns. URLs and tags have a time each in a table of hashes, the last purge of a bucket: what was
 * fetched before is gone. Two in one bucket are purged together, which costs a fetch and is never wrong. Prefixes are
 * kept as they are; when there are too many, the oldest becomes a purge of all that was fetched before it.
 */
export class Control {
  readonly #words: BigInt64Array;
  readonly #bytes: Uint8Array;
  /** The count of purges as 32 bits, which no hit allocates for; little-endian. */
  readonly #counts: Int32Array;
  #prefixes: readonly PrefixPurge[] = [];
  #prefixesAt = -1;

  /** @throws SkitaiError STATE_INVALID for a file of something else */
  constructor(memory: Uint8Array = new Uint8Array(controlLength)) {
    if (memory.byteLength !== controlLength) throw invalid();
    this.#words = new BigInt64Array(memory.buffer, memory.byteOffset, controlLength / 8);
    this.#counts = new Int32Array(memory.buffer, memory.byteOffset, controlLength / 4);
    this.#bytes = memory;
    const found = Atomics.compareExchange(this.#words, layout.mark, 0n, mark);
    if (found !== 0n && found !== mark) throw invalid();
  }

  /** Changes whenever something was purged. */
  get changes(): number {
    return Atomics.load(this.#counts, 2 * layout.changes);
  }

  /** Time of the last purge: what a fetch that begins now is born at. */
  get clock(): number {
    return Number(Atomics.load(this.#words, layout.clock));
  }

  get diskBytes(): number {
    return Number(Atomics.load(this.#words, layout.bytes));
  }

  get diskEntries(): number {
    return Number(Atomics.load(this.#words, layout.entries));
  }

  addDisk(bytes: number, entries: number): void {
    Atomics.add(this.#words, layout.bytes, BigInt(bytes));
    if (entries !== 0) Atomics.add(this.#words, layout.entries, BigInt(entries));
  }

  /** Takes room on disk if there is some. @param most bytes of all together */
  reserve(bytes: number, most: number): boolean {
    // Not added and taken back: a sweep in between would count it as given back.
    for (let before = Atomics.load(this.#words, layout.bytes); ;) {
      const next = before + BigInt(bytes);
      if (next > BigInt(most)) return false;
      const seen = Atomics.compareExchange(this.#words, layout.bytes, before, next);
      if (seen === before) return true;
      before = seen;
    }
  }

  purgeUrl(key: string): void {
    this.#publish((time) => this.#raise(urlBucket(key), time));
  }

  purgeTag(tag: string): void {
    this.#publish((time) => this.#raise(tagBucket(tag), time));
  }

  purgeAll(): void {
    this.#publish((time) => this.#raise(layout.floor, time));
  }

  /** A longer one than is kept is shortened: it takes more away, not less. */
  purgePrefix(prefix: string): void {
    this.#publish((time) => this.#addPrefix(encoder.encode(prefix).subarray(0, longestPrefix), time));
  }

  /** Whether something that was fetched then is gone since. */
  isPurged({ key, tags, born }: Purged): boolean {
    const last = Math.max(this.#time(layout.floor), this.#time(urlBucket(key)));
    if (last > born) return true;
    if (tags.some((tag) => this.#time(tagBucket(tag)) > born)) return true;
    if (this.#time(layout.prefixes) <= born) return false;
    return this.#readPrefixes().some(({ at, text }) => at > born && plain(key).startsWith(text));
  }

  /** The change is counted after it was made: who has seen the count sees the change. */
  #publish(change: (time: bigint) => void): void {
    change(this.#tick());
    Atomics.add(this.#counts, 2 * layout.changes, 1);
  }

  /** Microseconds since 1970, later than any before: also when the file is older than what was stored since. */
  #tick(): bigint {
    for (let last = Atomics.load(this.#words, layout.clock); ;) {
      const now = BigInt(Date.now()) * 1000n;
      const next = now > last ? now : last + 1n;
      const seen = Atomics.compareExchange(this.#words, layout.clock, last, next);
      if (seen === last) return next;
      last = seen;
    }
  }

  #time(at: number): number {
    return Number(Atomics.load(this.#words, at));
  }

  /** Of two who set it at once, the later time stays. */
  #raise(at: number, time: bigint): void {
    for (let last = Atomics.load(this.#words, at); last < time;) {
      const seen = Atomics.compareExchange(this.#words, at, last, time);
      if (seen === last) return;
      last = seen;
    }
  }

  #addPrefix(text: Uint8Array, time: bigint): void {
    const isSame = (at: number): boolean => Buffer.compare(this.#textAt(at), text) === 0;
    const same = this.#slots().find(isSame);
    if (same !== undefined) this.#raise(same, time);
    // Another may have taken the slot in between.
    if (same === undefined || !isSame(same)) this.#replacePrefix(text, time);
    this.#raise(layout.prefixes, time);
  }

  /** Into the slot that was set first, or never. Without a lock: who dies in between leaves an empty one. */
  #replacePrefix(text: Uint8Array, time: bigint): void {
    for (;;) {
      const slot = this.#slots().reduce((a, b) => (this.#time(b) < this.#time(a) ? b : a));
      const before = Atomics.load(this.#words, slot);
      this.#raise(layout.floor, before);
      // Taken: another who wants one sees the newest time here, and looks elsewhere.
      if (Atomics.compareExchange(this.#words, slot, before, time) !== before) continue;
      Atomics.store(this.#words, slot + 1, 0n);
      this.#bytes.set(text, 8 * (slot + 2));
      Atomics.store(this.#words, slot + 1, BigInt(text.length));
      return;
    }
  }

  #slots(): number[] {
    return Array.from({ length: prefixSlots }, (_, index) => prefixes + index * prefixWords);
  }

  #textAt(slot: number): Uint8Array {
    const length = Math.min(Number(Atomics.load(this.#words, slot + 1)), longestPrefix);
    return this.#bytes.slice(8 * (slot + 2), 8 * (slot + 2) + length);
  }

  #readPrefixes(): readonly PrefixPurge[] {
    const { changes } = this;
    if (this.#prefixesAt === changes) return this.#prefixes;
    this.#prefixes = this.#slots()
      .map((slot) => ({ at: this.#time(slot), text: decoder.decode(this.#textAt(slot)) }))
      // A slot that is being written has no text yet, and its purge has not returned.
      .filter(({ at, text }) => at > 0 && text !== "");
    this.#prefixesAt = changes;
    return this.#prefixes;
  }
}

const urlBucket = (key: string): number => urls + (Bun.hash.xxHash32(key) & (urlBuckets - 1));
const tagBucket = (tag: string): number => tags + (Bun.hash.xxHash32(tag) & (tagBuckets - 1));

const invalid = (): SkitaiError =>
  new SkitaiError("STATE_INVALID", {
    name: "control file of the HTTP cache",
    accepted: "one that this version of skitai made: remove the directory",
  });
