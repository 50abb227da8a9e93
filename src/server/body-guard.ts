import type { ReadableStreamReadResult } from "node:stream/web";
import { SkitaiError } from "../errors.ts";
import type { BodyGuard } from "../http/engine-request.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";

/** Bytes; `multipart` and `file` for `multipart/form-data`. Spec E11. */
export interface BodyLimits {
  readonly body: number;
  readonly multipart: number;
  readonly file: number;
}

/** The part of a stream reader used here; `node:stream/web` and Bun type the whole differently. */
interface BodyReader {
  read(): Promise<ReadableStreamReadResult<Uint8Array>>;
  cancel(): Promise<void>;
}

/** No body up to this length (bytes) is worth a stream, when it need not take longer than the pause. */
const smallBody = 64 * 1024;
/** Bytes in a millisecond of the slowest client that is never cut: 1 KB/s. */
const slowest = 1;

/**
 * Limits of one request body: size where `Content-Length` did not say it, pauses by `requestTimeout`.
 * Passed limits reach the handler as SkitaiError BODY_TOO_LARGE (413) and BODY_TIMEOUT (408).
 */
export class RequestBody implements BodyGuard {
  readonly small: boolean;
  /** Bytes that were read so far, or the announced length. */
  bytes: number;
  /** Whether all of it was read. */
  read = false;
  /** Whether a limit was passed: the connection cannot be used again. */
  refused = false;
  readonly #limit: number;
  readonly #limits: BodyLimits;
  readonly #pause: number;
  readonly #deadlines: Deadlines;
  readonly #beforeRead: () => void;
  #reading = 0;
  #moved = 0;

  /**
   * @param length of `Content-Length`, -1 for a chunked body
   * @param pause milliseconds
   * @param beforeRead called when reading starts, to take the connection's own idle limit away
   */
  constructor(
    length: number,
    multipart: boolean,
    limits: BodyLimits,
    pause: number,
    deadlines: Deadlines,
    beforeRead: () => void,
  ) {
    this.small = length >= 0 && length <= Math.min(smallBody, pause * slowest);
    this.bytes = Math.max(length, 0);
    this.#limit = multipart ? limits.multipart : limits.body;
    this.#limits = limits;
    this.#pause = pause;
    this.#deadlines = deadlines;
    this.#beforeRead = beforeRead;
  }

  /** When (ms since the epoch) the client sent something last: now, while that is waited for under its own deadline. */
  get moved(): number {
    return this.#reading > 0 ? Date.now() : this.#moved;
  }

  /** Bun has all of the body, or the connection is gone, when `reading` settles: even when what was read is no JSON. */
  within<T>(reading: Promise<T>): Promise<T> {
    const settled = (): void => void (this.read = true);
    if (Bun.peek.status(reading) === "pending") return this.#inTime(reading.finally(settled));
    settled();
    return reading;
  }

  /** Nothing is read, and `body` is not locked, before somebody reads. */
  stream(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    let reader: BodyReader | undefined;
    let seen = 0;
    const stop = (): void => void reader?.cancel().catch(() => {});
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      reader ??= body.getReader();
      const { done, value } = await this.#inTime(reader.read(), stop);
      if (done) {
        this.read = true;
        return controller.close();
      }
      seen += value.byteLength;
      this.bytes = Math.max(this.bytes, seen);
      if (seen <= this.#limit) return controller.enqueue(value);
      stop();
      throw this.#refuse(tooLarge(seen, this.#limit));
    };
    const cancel = (reason: unknown): Promise<void> => (reader ?? body).cancel(reason);
    return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
  }

  form(form: FormData): FormData {
    form.forEach((value, name) => {
      if (typeof value !== "string" && value.size > this.#limits.file)
        throw tooLarge(value.size, this.#limits.file, name);
    });
    return form;
  }

  /** What `reading` gives, or BODY_TIMEOUT after the pause. */
  #inTime<T>(reading: Promise<T>, stop?: () => void): Promise<T> {
    this.#beforeRead();
    this.#reading++;
    return new Promise((resolve, reject) => {
      const deadline = this.#start(() => {
        reject(this.#refuse(timedOut()));
        stop?.();
      });
      const settled = (): void => {
        this.#deadlines.delete(deadline);
        this.#reading--;
        this.#moved = Date.now();
      };
      reading.then(resolve, reject).finally(settled);
    });
  }

  #refuse(error: SkitaiError): SkitaiError {
    this.refused = true;
    return error;
  }

  #start(expire: () => void): Deadline {
    const deadline = { at: Date.now() + this.#pause, expire };
    this.#deadlines.add(deadline);
    return deadline;
  }
}

const timedOut = (): SkitaiError =>
  new SkitaiError("BODY_TIMEOUT", { name: "request body", accepted: "the client stopped sending" });

export const tooLarge = (size: number, limit: number, part = "request body"): SkitaiError =>
  new SkitaiError("BODY_TOO_LARGE", {
    name: part,
    value: `${size} bytes`,
    accepted: `at most ${limit} bytes`,
  });
