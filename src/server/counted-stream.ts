import type { ReadableStreamReadResult } from "node:stream/web";
import type { Deadline, Deadlines } from "./deadlines.ts";

/** How a streamed body ended. */
export interface StreamEnd {
  readonly bytes: number;
  /** What the source threw; the connection is closed then, since the answer is not whole. */
  readonly error?: unknown;
}

type Chunk = Uint8Array | string;
type Read = Promise<ReadableStreamReadResult<Chunk>>;

/** The part of a stream reader used here; `node:stream/web` and Bun type the whole differently. */
interface Reader {
  read(): Read;
  cancel(reason?: unknown): Promise<void>;
}

/** A body whose first chunk was asked for: a source that is broken already can still be answered with a problem. */
export interface StartedBody {
  readonly reader: Reader;
  readonly first: Read;
}

/** Asks a body for its first chunk. */
export function startBody(body: ReadableStream<Chunk>): StartedBody {
  const reader: Reader = body.getReader();
  const first = reader.read();
  first.catch(() => {});
  return { reader, first };
}

/**
 * Passes a body on, counts its bytes and says once how it ended. A client that stops reading for `pause` ms while there
 * is something to send is cut; a source that has nothing to say (SSE) may be quiet for ever. Spec L1, E12.
 */
export function countedStream(
  { reader, first }: StartedBody,
  pause: number,
  deadlines: Deadlines,
  ended: (end: StreamEnd) => void,
): ReadableStream<Chunk> {
  let bytes = 0;
  let next: Read | undefined = first;
  let stalled: Deadline | undefined;
  let over = false;
  const release = (): void => {
    if (stalled) deadlines.delete(stalled);
    stalled = undefined;
  };
  const finish = (end: Omit<StreamEnd, "bytes">): void => {
    release();
    if (over) return;
    over = true;
    ended({ bytes, ...end });
  };
  const pull = async (controller: ReadableStreamDefaultController<Chunk>): Promise<void> => {
    release();
    try {
      const { done, value } = await (next ?? reader.read());
      next = undefined;
      if (over) return;
      if (done) {
        controller.close();
        return finish({});
      }
      bytes += typeof value === "string" ? Buffer.byteLength(value) : value.byteLength;
      controller.enqueue(value);
      const expire = (): void => {
        const error = new Error("the client stopped reading");
        reader.cancel(error).catch(() => {});
        finish({ error });
        controller.error(error);
      };
      deadlines.add((stalled = { at: Date.now() + pause, expire }));
    } catch (error) {
      finish({ error });
      controller.error(error);
    }
  };
  const cancel = (reason: unknown): Promise<void> => {
    finish({});
    return reader.cancel(reason);
  };
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}
