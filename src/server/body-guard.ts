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

/** A body up to this length (bytes) is read natively, under one deadline for the whole. */
const smallBody = 64 * 1024;

/**
 * Limits of one request body: size where `Content-Length` did not say it, pauses by `requestTimeout`.
 * Passed limits reach the handler as SkitaiError BODY_TOO_LARGE (413) and BODY_TIMEOUT (408).
 */
export class RequestBody implements BodyGuard {
  readonly small: boolean;
  /** Bytes that were read so far, or the announced length. */
  bytes: number;
  readonly #limit: number;
  readonly #limits: BodyLimits;
  readonly #pause: number;
  readonly #deadlines: Deadlines;
  readonly #beforeRead: () => void;

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
    this.small = length >= 0 && length <= smallBody;
    this.bytes = Math.max(length, 0);
    this.#limit = multipart ? limits.multipart : limits.body;
    this.#limits = limits;
    this.#pause = pause;
    this.#deadlines = deadlines;
    this.#beforeRead = beforeRead;
  }

  within<T>(reading: Promise<T>): Promise<T> {
    if (Bun.peek.status(reading) !== "pending") return reading;
    this.#beforeRead();
    return new Promise((resolve, reject) => {
      const deadline = this.#start(() => reject(timedOut()));
      reading.then(resolve, reject).finally(() => this.#deadlines.delete(deadline));
    });
  }

  stream(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    this.#beforeRead();
    const reader = body.getReader();
    let seen = 0;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      const { done, value } = await this.#inTime(reader);
      if (done) return controller.close();
      seen += value.byteLength;
      this.bytes = Math.max(this.bytes, seen);
      if (seen > this.#limit) throw tooLarge(seen, this.#limit);
      controller.enqueue(value);
    };
    return new ReadableStream({ pull, cancel: (reason) => reader.cancel(reason) }, { highWaterMark: 0 });
  }

  form(form: FormData): FormData {
    form.forEach((value, name) => {
      if (typeof value !== "string" && value.size > this.#limits.file)
        throw tooLarge(value.size, this.#limits.file, name);
    });
    return form;
  }

  #inTime(reader: BodyReader): Promise<ReadableStreamReadResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      const deadline = this.#start(() => {
        reject(timedOut());
        reader.cancel().catch(() => {});
      });
      reader
        .read()
        .then(resolve, reject)
        .finally(() => this.#deadlines.delete(deadline));
    });
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
