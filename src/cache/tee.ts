import type { Sink } from "./sink.ts";

/** What happens beside a body that is passed on. */
export interface TeeParts {
  readonly sink: Sink;
  /** Bytes, where the upstream said. */
  readonly length: number | undefined;
  /** Whether the rest is fetched when the client goes. */
  goesOn(): boolean;
  /** Once: whether all of it came. Waited for before the client sees the end. */
  ended(whole: boolean): Promise<void>;
}

/**
 * Passes a body on and keeps it, as fast as the client reads: neither side is more than a chunk ahead. A body that
 * breaks off, or has another length than was said, is an error for the client, and not kept.
 */
export function tee(source: ReadableStream<Uint8Array>, parts: TeeParts): ReadableStream<Uint8Array> {
  const flow = new Flow(source.getReader() as Reader, parts);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const bytes = await flow.next();
        if (flow.left) return;
        if (bytes === undefined) controller.close();
        else controller.enqueue(bytes);
      },
      cancel: (reason) => flow.leave(reason),
    },
    { highWaterMark: 0 },
  );
}

type Read =
  { readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: undefined };

interface Reader {
  read(): Promise<Read>;
  cancel(reason: unknown): Promise<void>;
}

class Flow {
  left = false;
  readonly #reader: Reader;
  readonly #parts: TeeParts;
  #received = 0;
  #ended = false;
  #aborted = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(reader: Reader, parts: TeeParts) {
    this.#reader = reader;
    this.#parts = parts;
  }

  /** @returns `undefined` at the end; rejects when it broke off */
  next(): Promise<Uint8Array | undefined> {
    const step = this.#step();
    this.#last = step.catch(() => {});
    return step;
  }

  /** The client is gone. */
  async leave(reason: unknown): Promise<void> {
    this.left = true;
    if (this.#parts.goesOn()) return void this.#drain();
    // A read that waits ends now, and must not be taken for the end of the body.
    this.#aborted = true;
    await this.#reader.cancel(reason).catch(() => {});
    await this.#last;
    await this.#end(false);
  }

  async #drain(): Promise<void> {
    await this.#last;
    try {
      while (!this.#ended && (await this.next()) !== undefined);
    } catch {
      // It broke off: `ended` was told.
    }
  }

  async #step(): Promise<Uint8Array | undefined> {
    const { sink, length } = this.#parts;
    try {
      const { done, value } = await this.#reader.read();
      if (this.#aborted) return undefined;
      if (!done) {
        this.#received += value.length;
        await sink.write(value);
        return value;
      }
    } catch (error) {
      await this.#end(false);
      throw error;
    }
    const whole = length === undefined || length === this.#received;
    await this.#end(whole);
    if (!whole && !this.left) throw new Error(`body of ${this.#received} bytes instead of ${length}`);
    return undefined;
  }

  async #end(whole: boolean): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#parts.ended(whole);
  }
}

/** All of a short body. @throws what it broke off with, or that it has another length */
export async function readWhole(source: ReadableStream<Uint8Array>, length: number): Promise<Uint8Array> {
  const body = new Uint8Array(length);
  let at = 0;
  for await (const chunk of source as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
    if (at + chunk.length > length) throw new Error(`body longer than the ${length} bytes it said`);
    body.set(chunk, at);
    at += chunk.length;
  }
  if (at !== length) throw new Error(`body of ${at} bytes instead of ${length}`);
  return body;
}
