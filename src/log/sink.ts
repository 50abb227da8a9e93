import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { LineBuffer } from "./line-buffer.ts";

/** Buffered lines are written when they are this long (bytes) or this old (ms). Spec L1. */
const flushLength = 64 * 1024;
/** With room behind for one more line of ordinary length. */
const pageSize = flushLength + 8 * 1024;
const flushDelay = 100;
/** POSIX writes at most this many bytes to a pipe in one piece (PIPE_BUF); longer ones of several workers may mix. */
const pipePiece = 4096;
/** A reader of our pipe that stays away longer than this (ms) stops the writer, so that memory does not grow. */
const patience = 5000;

const encoder = new TextEncoder();

/** Where log lines go: a file or a stream that is open already. */
export type Target = { readonly path: string } | { readonly fd: number };

/**
 * Lines of one log, buffered and written whole: each write holds complete lines in append mode, so that many
 * workers on one file or pipe never mix or lose one. Spec L2.
 */
export class Sink {
  readonly buffer = new LineBuffer(pageSize);
  readonly #target: Target;
  #fd: number;
  #piece: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws the system's error when the file cannot be opened. */
  constructor(target: Target) {
    this.#target = target;
    this.#fd = open(target);
    this.#piece = pieceOf(this.#fd);
  }

  /** `line` ends with a line feed. */
  write(line: string): void {
    this.reserve(line.length * 3);
    const { buffer } = this;
    buffer.at += encoder.encodeInto(line, buffer.bytes.subarray(buffer.at)).written;
    this.written();
  }

  /** Makes room for `length` more bytes in the buffer. */
  reserve(length: number): void {
    const { buffer } = this;
    if (buffer.at + length <= buffer.bytes.length) return;
    this.flush();
    if (length > buffer.bytes.length) buffer.bytes = Buffer.alloc(length);
  }

  /** Called when a whole line is in the buffer. */
  written(): void {
    if (this.buffer.at >= flushLength) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), flushDelay);
  }

  /** Writes what is buffered before it returns. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
    const { buffer } = this;
    const bytes = buffer.bytes.subarray(0, buffer.at);
    buffer.at = 0;
    for (let at = 0; at < bytes.length;) {
      const end = lineEnd(bytes, at, this.#piece);
      writeAll(this.#fd, bytes.subarray(at, end));
      at = end;
    }
    if (buffer.bytes.length > pageSize) buffer.bytes = Buffer.alloc(pageSize);
  }

  /** Opens the file anew, for a rotation that renamed it (SIGUSR1). */
  reopen(): void {
    if (!("path" in this.#target)) return;
    this.flush();
    const fd = open(this.#target);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#piece = pieceOf(fd);
  }

  close(): void {
    this.flush();
    if ("path" in this.#target) closeSync(this.#fd);
  }
}

function open(target: Target): number {
  if ("fd" in target) return target.fd;
  mkdirSync(dirname(target.path), { recursive: true, mode: 0o755 });
  return openSync(target.path, "a", 0o640);
}

function pieceOf(fd: number): number {
  const stat = fstatSync(fd, { throwIfNoEntry: false });
  return stat?.isFIFO() || stat?.isSocket() ? pipePiece : Number.POSITIVE_INFINITY;
}

/** The end of the last whole line within `limit` bytes from `at`; a longer line goes out in one piece. */
function lineEnd(bytes: Buffer, at: number, limit: number): number {
  if (bytes.length - at <= limit) return bytes.length;
  const last = bytes.lastIndexOf(10, at + limit - 1);
  return (last >= at ? last : bytes.indexOf(10, at)) + 1 || bytes.length;
}

let dropped = 0;

/** Lines that this process could not write. */
export const droppedLines = (): number => dropped;

function drop(bytes: Buffer): void {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) dropped++;
}

/** A non-blocking pipe that is full answers EAGAIN: wait for its reader, within patience; a reader that left is no error. */
function writeAll(fd: number, bytes: Buffer): void {
  const deadline = Date.now() + patience;
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || Date.now() > deadline)
        return drop(bytes.subarray(at));
      Bun.sleepSync(1);
    }
  }
}
