import type { Control } from "./control.ts";
import type { Disk } from "./disk.ts";
import type { Asked } from "./asked.ts";
import { Entry } from "./entry.ts";
import type { Memory } from "./memory.ts";
import { select } from "./memory.ts";
import { Budget, Sink } from "./sink.ts";
import { freshUntil, type Stored } from "./stored.ts";
import { selectionOf } from "./vary.ts";

const mostWrites = 256;

/** Both tiers as one. */
export class Store {
  readonly control: Control;
  readonly memory: Memory;
  readonly disk: Disk | undefined;
  /** Largest body, in bytes. */
  readonly maxEntry: number;
  readonly #budget: Budget;
  readonly #writes = new Set<Promise<unknown>>();

  constructor(control: Control, memory: Memory, disk: Disk | undefined, maxEntry: number) {
    this.control = control;
    this.memory = memory;
    this.disk = disk;
    this.maxEntry = disk === undefined ? memory.maxEntry : maxEntry;
    this.#budget = new Budget(Math.max(4 * memory.maxEntry, 16 * 1024 * 1024));
  }

  /** The entry of a request, fresh or not, that was not purged. */
  find(key: string, { request, authorized }: Asked): Entry | undefined {
    const resource = this.memory.resource(key);
    const entry = resource === undefined ? undefined : select(resource, request.fields);
    const valid = entry !== undefined && this.isValid(entry) ? entry : undefined;
    if (entry !== undefined && valid === undefined) this.memory.remove(entry);
    // Another worker may have a newer one.
    const found =
      valid !== undefined && freshUntil(valid.stored) > Date.now()
        ? valid
        : this.#newest(key, request.fields, valid);
    // RFC 9111 §3.5, the other way round, too: what was fetched without it may not be what it is answered with.
    return authorized && found?.stored.forAuthorized === false ? undefined : found;
  }

  #newest(key: string, fields: Asked["request"]["fields"], held: Entry | undefined): Entry | undefined {
    const found = this.disk?.find(key, fields, this.memory.maxEntry);
    if (found === undefined) return held;
    const { stored, body } = found;
    if (held !== undefined && held.stored.generated >= stored.generated) return held;
    const entry = new Entry(stored, body, Number.NaN);
    if (!this.isValid(entry)) {
      this.disk?.remove(stored);
      return held;
    }
    this.memory.add(entry);
    return entry;
  }

  /** One atomic load, unless something was purged since the last time. */
  isValid(entry: Entry): boolean {
    const { changes } = this.control;
    if (entry.checked === changes) return true;
    if (this.control.isPurged(entry.stored)) return false;
    entry.checked = changes;
    return true;
  }

  /** Whether there are answers of this URL that others select. */
  has = (key: string): boolean => this.memory.resource(key) !== undefined || this.disk?.has(key) === true;

  /** What requests that get the same answer have in common, as far as it is known. */
  groupOf(key: string, { request }: Asked): string {
    const names = this.memory.resource(key)?.names ?? [];
    return names.length === 0 ? key : `${key}\n${selectionOf(request.fields, names) ?? ""}`;
  }

  /** Keeps an entry whose body is here; on disk behind the caller's back. */
  add(stored: Stored, body: Uint8Array): Entry {
    const entry = new Entry(stored, body, Number.NaN);
    this.memory.add(entry);
    // A disk that does not keep up is left out: what waits for it is held in memory.
    const write = this.#writes.size < mostWrites ? this.disk?.put(stored, body) : undefined;
    if (write instanceof Promise) this.#later(write);
    return entry;
  }

  /** The entry with another head. */
  async renew(entry: Entry, stored: Stored): Promise<Entry> {
    const { body } = entry;
    if (body instanceof Uint8Array) return this.add(stored, body);
    const source = body.open(0, body.length);
    const file = this.disk?.pending(stored);
    if (source === undefined || file === undefined) return entry;
    for await (const chunk of source as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
      if (await file.write(chunk)) continue;
      await this.disk?.discard(file);
      return new Entry(stored, body, Number.NaN);
    }
    await this.disk?.commit(file, stored, true);
    return new Entry(stored, body, Number.NaN);
  }

  remove(entry: Entry): void {
    this.memory.remove(entry);
    this.disk?.remove(entry.stored);
  }

  sink(stored: Stored): Sink {
    return new Sink(stored, { disk: this.disk, budget: this.#budget, maxEntry: this.maxEntry });
  }

  /** When all that was to be written is. */
  async settled(): Promise<void> {
    while (this.#writes.size > 0) await Promise.all(this.#writes);
    await this.disk?.settled();
  }

  #later(write: Promise<unknown>): void {
    const done = write.catch(() => {}).finally(() => this.#writes.delete(done));
    this.#writes.add(done);
  }
}
