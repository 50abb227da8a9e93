import { readHead, type ResponseHead } from "./response-head.ts";

/**
 * Reads the heads of one upstream's answers. Many are the same, byte for byte, until the next second changes their `Date`: the
 * last one is compared before it is read again, and is then the same object.
 */
export class HeadReader {
  #head: ResponseHead | undefined;
  #method = "";
  #bytes = Buffer.alloc(0);

  /** @returns `undefined` when it is not there whole @throws MalformedAnswer */
  read(bytes: Buffer, method: string): ResponseHead | undefined {
    const known = this.#head;
    if (known !== undefined && method === this.#method && bytes.length >= known.size) {
      if (bytes.compare(this.#bytes, 0, known.size, 0, known.size) === 0) return known;
    }
    const head = readHead(bytes, method);
    if (head === undefined) return undefined;
    this.#head = head;
    this.#method = method;
    // A copy: the head must not keep a body in memory.
    this.#bytes = Buffer.from(bytes.subarray(0, head.size));
    return head;
  }
}
