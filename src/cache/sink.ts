import type { Disk } from "./disk.ts";
import type { PendingFile } from "./disk-write.ts";
import type { Stored } from "./stored.ts";

/** Bytes of one body that wait in memory before they go to disk. */
const heldInMemory = 256 * 1024;

/** Bytes that all bodies on their way may hold in memory. */
export class Budget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

export interface SinkParts {
  readonly disk: Disk | undefined;
  readonly budget: Budget;
  /** Largest body, in bytes. */
  readonly maxEntry: number;
}

/** Where the body of an answer goes while it is passed on: memory, and when it gets long a file. */
export class Sink {
  readonly #stored: Stored;
  readonly #parts: SinkParts;
  readonly #chunks: Uint8Array[] = [];
  #held = 0;
  #length = 0;
  #file: PendingFile | undefined;
  #dropped = false;

  constructor(stored: Stored, parts: SinkParts) {
    this.#stored = stored;
    this.#parts = parts;
  }

  /** Takes a copy: the chunk goes on to the client. Once there is no room nothing more is taken. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#dropped) return;
    this.#length += bytes.length;
    const { disk, budget, maxEntry } = this.#parts;
    if (this.#length > maxEntry) return this.drop();
    if (disk === undefined || this.#length <= heldInMemory) {
      if (!budget.take(bytes.length)) return this.drop();
      this.#held += bytes.length;
      // Not `slice`: that of a Buffer is a view.
      this.#chunks.push(new Uint8Array(bytes));
      return;
    }
    const file = (this.#file ??= disk.pending(this.#stored));
    if (!(await this.#flush(file)) || !(await file.write(bytes))) await this.drop();
  }

  /** @returns the body; `"disk"` when it is in the store already; `undefined` when it was not kept */
  async finish(): Promise<Uint8Array | "disk" | undefined> {
    if (this.#dropped) return undefined;
    if (this.#file === undefined) {
      const body = new Uint8Array(this.#length);
      let at = 0;
      for (const chunk of this.#chunks) {
        body.set(chunk, at);
        at += chunk.length;
      }
      this.#release();
      return body;
    }
    const file = this.#file;
    this.#file = undefined;
    // Nobody reads the checksum of a body that is sent from disk: it is there for good before it has its name.
    return (await this.#parts.disk!.commit(file, this.#stored, true)) ? "disk" : undefined;
  }

  async drop(): Promise<void> {
    this.#dropped = true;
    this.#release();
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await this.#parts.disk!.discard(file);
  }

  async #flush(file: PendingFile): Promise<boolean> {
    for (const chunk of this.#chunks) if (!(await file.write(chunk))) return false;
    this.#release();
    return true;
  }

  #release(): void {
    this.#parts.budget.give(this.#held);
    this.#held = 0;
    this.#chunks.length = 0;
  }
}
