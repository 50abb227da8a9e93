import type { Deadline, Deadlines } from "./deadlines.ts";

/** How a streamed body ended. */
export interface StreamEnd {
  readonly bytes: number;
  /** What the source threw; the connection is closed then, since the answer is not whole. */
  readonly error?: unknown;
}

/**
 * Passes a body on, counts its bytes and says once how it ended. A client that stops reading for `pause` ms while there
 * is something to send is cut; a source that has nothing to say (SSE) may be quiet for ever. Spec L1, E12.
 */
export function countedStream(
  source: ReadableStream<Uint8Array | string>,
  pause: number,
  deadlines: Deadlines,
  ended: (end: StreamEnd) => void,
): ReadableStream<Uint8Array | string> {
  const reader = source.getReader();
  let bytes = 0;
  let stalled: Deadline | undefined;
  const release = (): void => {
    if (stalled) deadlines.delete(stalled);
    stalled = undefined;
  };
  const finish = (end: StreamEnd): void => {
    release();
    ended(end);
  };
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array | string>): Promise<void> => {
    release();
    try {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
        return finish({ bytes });
      }
      bytes += typeof value === "string" ? Buffer.byteLength(value) : value.byteLength;
      controller.enqueue(value);
      const expire = (): void => {
        const error = new Error("the client stopped reading");
        controller.error(error);
        reader.cancel(error).catch(() => {});
        ended({ bytes, error });
      };
      deadlines.add((stalled = { at: Date.now() + pause, expire }));
    } catch (error) {
      finish({ bytes, error });
      controller.error(error);
    }
  };
  const cancel = (reason: unknown): Promise<void> => {
    finish({ bytes });
    return reader.cancel(reason);
  };
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}
