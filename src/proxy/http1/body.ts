import { ChunkedReader } from "./chunked.ts";
import type { Framing } from "./response-head.ts";

/** Bytes that wait for a reader before the upstream is told to wait. */
const highWater = 128 * 1024;

/** Where the bytes come from; its answers stop while nobody reads. */
export interface Source {
  pause(): void;
  resume(): void;
  /** The reader wants no more of it. */
  abandon(): void;
}

/** The body of one answer, from the bytes of its connection to a stream, or whole. */
export class ResponseBody {
  /** All of it has come. */
  complete = false;
  readonly #framing: Framing;
  readonly #source: Source;
  readonly #chunks: ChunkedReader | undefined;
  #left: number;
  #parts: Buffer[] = [];
  #waiting = 0;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #paused = false;
  #completed: (() => void) | undefined;
  #failure: Error | undefined;
  #ended: (() => void) | undefined;

  constructor(framing: Framing, source: Source) {
    this.#framing = framing;
    this.#source = source;
    this.#chunks = framing.kind === "chunked" ? new ChunkedReader() : undefined;
    this.#left = framing.kind === "length" ? framing.length : Number.POSITIVE_INFINITY;
    this.complete = framing.kind === "none" || this.#left === 0;
  }

  /** Bytes that are here and were not handed on. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @returns how many of the bytes were of this body @throws MalformedAnswer */
  take(bytes: Buffer): number {
    const taken =
      this.#chunks === undefined ? this.#takeCounted(bytes) : this.#chunks.read(bytes, this.#give);
    if (this.#chunks?.done) this.complete = true;
    if (this.complete) this.#finish();
    else if (this.#waiting > highWater && !this.#paused && this.#completed === undefined) {
      this.#paused = true;
      this.#source.pause();
    }
    return taken;
  }

  #takeCounted(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#left);
    this.#left -= taken;
    this.#give(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    this.complete = this.#left === 0;
    return taken;
  }

  /** @returns whether that was the end it was to have */
  closed(): boolean {
    if (this.#framing.kind === "close") {
      this.complete = true;
      this.#finish();
    }
    return this.complete;
  }

  fail(error: Error): void {
    this.#stream?.error(error);
    this.#stream = undefined;
    this.#failure ??= error;
    this.#over();
    this.#told();
  }

  /** Why it will not be whole. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Tells once when all of it is here, or that cannot be any more (see `failure`). For bodies that fit into memory. */
  completed(tell: () => void): void {
    this.#completed = tell;
    if (this.complete || this.#failure !== undefined) this.#told();
  }

  /** What came is to be read as it comes: it is not waited for any more. */
  hurry(): void {
    this.#completed = undefined;
  }

  /** Told once when nothing more comes, or nobody wants it. */
  ended(tell: () => void): void {
    if (this.complete || this.#failure !== undefined) return tell();
    this.#ended = tell;
  }

  /** The whole of it, when it is `complete`. */
  whole(): Uint8Array {
    const [first, second] = this.#parts;
    return second === undefined ? (first ?? new Uint8Array()) : Buffer.concat(this.#parts);
  }

  /** What is here and what comes. Once. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#stream = controller;
          for (const part of this.#parts) controller.enqueue(part);
          this.#parts = [];
          if (this.#failure !== undefined) controller.error(this.#failure);
          else if (this.complete) this.#finish();
        },
        pull: () => {
          this.#waiting = 0;
          if (!this.#paused) return;
          this.#paused = false;
          this.#source.resume();
        },
        cancel: () => {
          this.#stream = undefined;
          if (!this.complete) this.#source.abandon();
          this.#over();
        },
      },
      { highWaterMark: highWater, size: (part) => part?.byteLength ?? 0 },
    );
  }

  readonly #give = (part: Buffer): void => {
    if (part.length === 0) return;
    if (this.#stream === undefined) this.#parts.push(part);
    else this.#stream.enqueue(part);
    this.#waiting += part.length;
  };

  #finish(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#over();
    this.#told();
  }

  #told(): void {
    const tell = this.#completed;
    this.#completed = undefined;
    tell?.();
  }

  #over(): void {
    this.#ended?.();
    this.#ended = undefined;
  }
}
