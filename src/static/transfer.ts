import type { ByteRange } from "../http/range.ts";
import type { Content } from "./source.ts";

const CHUNK = 256 * 1024;
const encoder = new TextEncoder();

/**
 * Sends text and ranges of a file piece by piece. For what `Bun.file` as a body cannot do: several ranges, and a whole
 * file although the request has a Range. Breaks off when the file is written in place, before a byte of it is sent.
 */
export function streamParts(
  content: Content,
  parts: readonly (string | ByteRange)[],
): ReadableStream<Uint8Array> {
  const chunks = read(content, parts);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return();
    },
  });
}

async function* read(
  content: Content,
  parts: readonly (string | ByteRange)[],
): AsyncGenerator<Uint8Array, void, void> {
  const held = content.hold();
  try {
    for (const part of parts) {
      if (typeof part === "string") {
        yield encoder.encode(part);
        continue;
      }
      for (let start = part.start; start < part.end; start += CHUNK) {
        const end = Math.min(part.end, start + CHUNK);
        const bytes = await held.blob.slice(start, end).bytes();
        if (bytes.length !== end - start || !held.unchanged())
          throw new Error("file was written while it was sent");
        yield bytes;
      }
    }
  } finally {
    held.release();
  }
}
