import { headSize, parseHead, type ResponseHead } from "./response-head.ts";

/**
 * Reads the heads of one upstream's answers. Some are the same, byte for byte, until the next second changes their `Date`: the
 * last one is compared before it is read again, and is then the same object.
 */
export class HeadReader {
  #head: ResponseHead | undefined;
  #method = "";
  #text = "";

  /** @returns `undefined` when it is not there whole @throws MalformedAnswer */
  read(bytes: Buffer, method: string): ResponseHead | undefined {
    const size = headSize(bytes);
    if (size < 0) return undefined;
    const text = bytes.toString("latin1", 0, size);
    if (text === this.#text && method === this.#method) return this.#head;
    const head = parseHead(text, method);
    this.#head = head;
    this.#method = method;
    this.#text = text;
    return head;
  }
}
