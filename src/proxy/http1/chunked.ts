import { MalformedAnswer } from "./response-head.ts";

/** Longest line of a chunk's size, and most bytes of trailers. */
const longestLine = 1024;
const mostTrailers = 16 * 1024;

/** Takes the chunked coding off, as the bytes come (RFC 9112 §7.1). Trailers are dropped: Bun cannot send them. */
export class ChunkedReader {
  done = false;
  #line = "";
  #left = 0;
  /** What comes next. */
  #state: "size" | "data" | "end of data" | "trailers" = "size";
  #trailers = 0;

  /**
   * @param take is given the parts of the body
   * @returns how many of the bytes were of this body
   * @throws MalformedAnswer
   */
  read(bytes: Buffer, take: (part: Buffer) => void): number {
    let at = 0;
    while (at < bytes.length && !this.done) {
      if (this.#state === "data") {
        const end = Math.min(bytes.length, at + this.#left);
        take(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = "end of data";
      } else at = this.#readLine(bytes, at);
    }
    return at;
  }

  #readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(10, from);
    this.#line += bytes.toString("latin1", from, end < 0 ? bytes.length : end);
    if (this.#line.length > longestLine && this.#state !== "trailers")
      throw new MalformedAnswer("a chunk without a size");
    if (this.#line.length > mostTrailers) throw new MalformedAnswer("too many trailers");
    if (end < 0) return bytes.length;
    const line = this.#line;
    this.#line = "";
    if (!line.endsWith("\r")) throw new MalformedAnswer("a chunk without its end");
    this.#take(line.slice(0, -1));
    return end + 1;
  }

  #take(line: string): void {
    if (this.#state === "size") {
      const size = /^([\da-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw new MalformedAnswer("a chunk without a size");
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? "trailers" : "data";
    } else if (this.#state === "end of data") {
      if (line !== "") throw new MalformedAnswer("a chunk longer than its size");
      this.#state = "size";
    } else {
      this.#trailers += line.length;
      if (this.#trailers > mostTrailers) throw new MalformedAnswer("too many trailers");
      this.done = line === "";
    }
  }
}
