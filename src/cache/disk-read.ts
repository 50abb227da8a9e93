import { closeSync, fstatSync, openSync, read, readSync, unlinkSync } from "node:fs";
import { promisify } from "node:util";
import type { LargeBody } from "./entry.ts";
import {
  checksum,
  decodeHead,
  decodePrelude,
  type Fork,
  preludeLength,
  type Prelude,
} from "./disk-format.ts";
import type { Stored } from "./stored.ts";

/** Read at once: heads are small, and so are most bodies. */
const first = 8 * 1024;
const chunk = 256 * 1024;

/** What is in a file. */
export interface FileContent {
  readonly head: Stored | Fork;
  readonly body: Uint8Array | LargeBody;
  /** Of the file's last use, ms since 1970. */
  readonly used: number;
}

/**
 * Reads an entry at once: its head, and its body unless that is larger than `whole` bytes. What is damaged is removed.
 * @returns `undefined` when there is none
 */
export function readEntry(path: string, whole: number): FileContent | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const content = readOpen(fd, path, whole);
    if (content === undefined) removeFile(path);
    return content;
  } catch {
    removeFile(path);
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function readOpen(fd: number, path: string, whole: number): FileContent | undefined {
  const { size, mtimeMs } = fstatSync(fd);
  const start = Buffer.allocUnsafe(Math.min(size, first));
  if (readSync(fd, start, 0, start.length, 0) !== start.length) return undefined;
  const prelude = decodePrelude(start);
  if (prelude === undefined) return undefined;
  const offset = preludeLength + prelude.headLength;
  if (size !== offset + prelude.bodyLength) return undefined;
  const head = decodeHead(part(fd, start, preludeLength, prelude.headLength), prelude);
  if (head === undefined) return undefined;
  const about = { head, used: mtimeMs };
  if (prelude.bodyLength > whole) {
    const id = Buffer.from(start.subarray(0, preludeLength));
    return { ...about, body: largeBody(path, id, offset, prelude) };
  }
  const body = part(fd, start, offset, prelude.bodyLength);
  return checksum(body) === prelude.bodySum ? { ...about, body } : undefined;
}

/** Bytes of the file, from what was read of it where they are there. */
function part(fd: number, start: Buffer, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  const had = Math.max(0, Math.min(start.length - at, length));
  start.copy(bytes, 0, at, at + had);
  let filled = had;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, at + filled);
    if (count === 0) throw new Error("cache file ends early");
    filled += count;
  }
  return bytes;
}

function largeBody(path: string, id: Buffer, offset: number, { bodyLength }: Prelude): LargeBody {
  return {
    length: bodyLength,
    open(start, end) {
      let fd: number;
      try {
        fd = openSync(path, "r");
      } catch {
        return undefined;
      }
      // Lengths and checksums in it tell it from a file that took its name since.
      const now = Buffer.alloc(preludeLength);
      if (readSync(fd, now, 0, preludeLength, 0) === preludeLength && now.equals(id))
        return streamFile(fd, offset + start, offset + end);
      closeSync(fd);
      return undefined;
    },
  };
}

const readAsync = promisify(read);

/** Bytes of an open file as they are asked for; closes it. */
function streamFile(fd: number, start: number, end: number): ReadableStream<Uint8Array> {
  let at = start;
  let open = true;
  const close = (): void => {
    if (open) closeSync(fd);
    open = false;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const bytes = Buffer.allocUnsafeSlow(Math.min(chunk, end - at));
          const { bytesRead } = await readAsync(fd, bytes, 0, bytes.length, at);
          if (!open) return;
          if (bytesRead === 0 && at < end) throw new Error("cache file ends early");
          at += bytesRead;
          if (bytesRead > 0) controller.enqueue(bytes.subarray(0, bytesRead));
          if (at < end) return;
          close();
          controller.close();
        } catch (error) {
          close();
          controller.error(error);
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

/** What is gone already is as good. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone, or a directory of somebody else.
  }
}
