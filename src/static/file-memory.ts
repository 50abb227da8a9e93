/** Something kept for as long as there is room. */
export interface Kept {
  /** Set by whoever uses it: spares it from the next sweep. */
  used: boolean;
  /** Called once when it is given up for room. Not called by `remove`. */
  evicted(): void;
}

/** Sizes in bytes. */
export interface FileMemoryOptions {
  /** All that is kept. Default 64 MiB. */
  readonly maxBytes?: number;
  /** The largest file kept. Default 1 MiB. */
  readonly maxFile?: number;
}

const MIB = 1024 * 1024;

/**
 * The bytes that all static directories of a worker keep. Second chance (a queue with a used bit) instead of strict
 * LRU: a hit writes one boolean and moves nothing. Spec S1.
 */
export class FileMemory {
  readonly maxFile: number;
  readonly #maxBytes: number;
  readonly #weights = new Map<Kept, number>();
  #bytes = 0;

  constructor({ maxBytes = 64 * MIB, maxFile = MIB }: FileMemoryOptions = {}) {
    this.#maxBytes = maxBytes;
    this.maxFile = Math.min(maxFile, maxBytes);
  }

  /** Bytes kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Things kept now. */
  get size(): number {
    return this.#weights.size;
  }

  add(item: Kept, weight: number): void {
    this.#weights.set(item, weight);
    this.#bytes += weight;
    this.#sweep();
  }

  /** `item` now needs `more` bytes; nothing happens when it is no longer kept. */
  grow(item: Kept, more: number): void {
    const weight = this.#weights.get(item);
    if (weight === undefined) return;
    this.#weights.set(item, weight + more);
    this.#bytes += more;
    this.#sweep();
  }

  remove(item: Kept): void {
    this.#bytes -= this.#weights.get(item) ?? 0;
    this.#weights.delete(item);
  }

  #sweep(): void {
    // Deleting and adding again moves an item behind the iterator's end, so this loop sees it again: with its bit cleared.
    for (const [item, weight] of this.#weights) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#weights.delete(item);
      if (item.used) {
        item.used = false;
        this.#weights.set(item, weight);
      } else {
        this.#bytes -= weight;
        item.evicted();
      }
    }
  }
}
