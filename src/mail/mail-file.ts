import {
  closeSync,
  createReadStream,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  readSync,
  writeSync,
} from "node:fs";
import type { Readable } from "node:stream";
import { type Envelope, type Note, type Progress, progressOf } from "./envelope.ts";

/*
 * A file of the spool: one line of fixed length with two lengths, the envelope as a line of JSON, the message (RFC 5322), and a
 * line of JSON for each try. The name says the rest. So one rename, or one write at the end, is one step.
 */

const mark = "skitai-mail 1";
/** `skitai-mail 1 00000123 0000000000004567\n` */
export const headLength = mark.length + 1 + 8 + 1 + 16 + 1;
/** Of an envelope with its recipients, and of all notes; a file that says more is not ours. Bytes. */
export const longestEnvelope = 8 * 1024 * 1024;
/** A message up to this size (bytes) is read in one piece. */
const onePiece = 256 * 1024;

export const headOf = (envelope: number, message: number): string =>
  `${mark} ${String(envelope).padStart(8, "0")} ${String(message).padStart(16, "0")}\n`;

/** An open file of the spool. */
export class MailFile {
  readonly envelope: Envelope;
  /** Bytes of the message. */
  readonly size: number;
  readonly #fd: number;
  readonly #start: number;
  readonly #notes: Note[];
  /** Behind the last whole note. */
  #end: number;
  #closed = false;

  /** @throws when it is none of ours, or not whole */
  constructor(fd: number) {
    this.#fd = fd;
    const head = /^skitai-mail 1 (\d{8}) (\d{16})\n$/.exec(textAt(fd, 0, headLength));
    if (head === null) throw new Error("is no mail");
    const [length, size] = [Number(head[1]), Number(head[2])];
    const all = fstatSync(fd).size;
    this.#start = headLength + length;
    this.size = size;
    if (length > longestEnvelope || this.#start + size > all) throw new Error("is not whole");
    this.envelope = JSON.parse(textAt(fd, headLength, length)) as Envelope;
    const from = this.#start + size;
    if (all - from > longestEnvelope) throw new Error("has too many notes");
    const text = textAt(fd, from, all - from);
    // A line that a crash cut short is none.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    this.#notes = whole
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Note);
    this.#end = from + Buffer.byteLength(whole);
  }

  get notes(): readonly Note[] {
    return this.#notes;
  }

  get progress(): Progress {
    return progressOf(this.envelope, this.#notes);
  }

  /** The message, to be read once. `started` is called when somebody asks for its first byte. */
  message(started: () => void = () => {}): Readable {
    const { Readable: Stream } = process.getBuiltinModule("node:stream");
    if (this.size <= onePiece) {
      const bytes = bytesAt(this.#fd, this.#start, this.size);
      return new Stream({
        read() {
          started();
          this.push(bytes);
          this.push(null);
        },
      });
    }
    const options = { fd: this.#fd, autoClose: false, start: this.#start, end: this.#start + this.size - 1 };
    const file = createReadStream("", options);
    file.once("data", started);
    file.pause();
    return file;
  }

  /** Durable when it returns. */
  note(note: Note): void {
    const line = Buffer.from(`${JSON.stringify(note)}\n`);
    ftruncateSync(this.#fd, this.#end);
    for (let at = 0; at < line.length;) at += writeSync(this.#fd, line, at, line.length - at, this.#end + at);
    fsyncSync(this.#fd);
    this.#end += line.length;
    this.#notes.push(note);
  }

  /** Its lock goes with it. Twice is once: the number may be another file's by then. */
  close(): void {
    if (!this.#closed) closeSync(this.#fd);
    this.#closed = true;
  }
}

const textAt = (fd: number, from: number, length: number): string =>
  bytesAt(fd, from, length).toString("utf8");

function bytesAt(fd: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  while (at < length) {
    const read = readSync(fd, bytes, at, length - at, from + at);
    if (read === 0) throw new Error("is not whole");
    at += read;
  }
  return bytes;
}
