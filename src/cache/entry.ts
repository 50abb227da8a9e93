import type { Fields, RelayedAnswer } from "../http/relay.ts";
import { ageOf, freshUntil, type Stored } from "./stored.ts";

/** An answer from the store. Hits of one second share it, so what is made of it once need not be made again. */
export class StoredAnswer implements RelayedAnswer {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  readonly length: number | undefined;
  readonly #entry: Entry;
  #headers: Headers | undefined;

  constructor(entry: Entry, answer: RelayedAnswer) {
    this.#entry = entry;
    this.status = answer.status;
    this.reason = answer.reason;
    this.fields = answer.fields;
    this.body = answer.body;
    this.length = answer.length;
  }

  /** The same fields; one object for all who ask. Not to be changed. */
  get headers(): Headers {
    return (this.#headers ??= new Headers(this.fields as [string, string][]));
  }

  /** The body as it is cheapest to send. */
  get content(): Uint8Array | Blob | ReadableStream<Uint8Array> | null {
    return this.body === null ? null : (this.#entry.blob ?? this.body);
  }
}

/** Bytes from which a body is held as a Blob too: Bun copies an array for every answer, and a Blob for none. */
const blobFrom = 8 * 1024;

/** A body on disk, too large to be kept in memory. */
export interface LargeBody {
  readonly length: number;
  /** @returns the bytes from `start` up to `end`; `undefined` when the file is gone or another one */
  open(start: number, end: number): ReadableStream<Uint8Array> | undefined;
}

/** An entry of the store at hand. */
export class Entry {
  readonly stored: Stored;
  readonly body: Uint8Array | LargeBody;
  /** What a hit gets as long as it is before `quickUntil` and nothing was purged since `checked`. */
  quick: StoredAnswer | undefined;
  quickUntil = 0;
  checked: number;
  /** When it was last marked as used on disk, in ms since 1970. */
  used = 0;
  readonly #fields: [string, string][];
  #blob: Blob | undefined;

  /** @param checked count of purges up to which it is known to be none of what was purged */
  constructor(stored: Stored, body: Uint8Array | LargeBody, checked: number) {
    this.stored = stored;
    this.body = body;
    this.checked = checked;
    this.#fields = stored.fields.map(([name, value]) => [name, value]);
    // A message without content has no length to say (RFC 9110 §8.6).
    if (stored.status !== 204) this.#fields.push(["Content-Length", String(body.length)]);
  }

  /** Bytes of memory it takes, roughly. */
  get weight(): number {
    const { key, fields, selection } = this.stored;
    const text = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 64, 0);
    const { length } = this.body;
    const held = this.body instanceof Uint8Array ? (length < blobFrom ? length : 2 * length) : 0;
    // The head is held twice: as stored and as sent.
    return 1024 + held + 2 * text + 2 * (key.length + selection.length);
  }

  /** The body, where that is cheaper to send than its bytes. */
  get blob(): Blob | undefined {
    const { body } = this;
    if (this.#blob !== undefined || !(body instanceof Uint8Array) || body.length < blobFrom)
      return this.#blob;
    return (this.#blob = new Blob([body as Uint8Array<ArrayBuffer>]));
  }

  /** The head of an answer now. @param how the rest of `Cache-Status` after the name, as `hit; ttl=3` */
  head(now: number, how: string): Fields {
    const { stored } = this;
    return [...this.#fields, ["Age", String(ageOf(stored, now))], cacheStatus(how, stored.status211)];
  }

  /** How long it is fresh, in whole seconds; negative for how long it is not. */
  ttl(now: number): number {
    return Math.ceil(this.stored.lifetime) - ageOf(this.stored, now);
  }

  /** The whole answer from memory; the same object until a second of its age is over. */
  whole(now: number): StoredAnswer {
    if (this.quick !== undefined && now < this.quickUntil) return this.quick;
    const { stored, body } = this;
    this.quick = new StoredAnswer(this, {
      status: stored.status,
      reason: stored.reason,
      fields: this.head(now, `hit; ttl=${this.ttl(now)}`),
      body: body instanceof Uint8Array && stored.status !== 204 ? body : null,
      length: body.length,
    });
    const nextSecond = stored.generated + (ageOf(stored, now) + 1) * 1000;
    this.quickUntil = Math.min(nextSecond, freshUntil(stored));
    return this.quick;
  }
}

/** `Cache-Status` (RFC 9211), after those of caches before this one. */
export const cacheStatus = (how: string, before: string | undefined): [string, string] => [
  "Cache-Status",
  before === undefined ? `skitai; ${how}` : `${before}, skitai; ${how}`,
];
