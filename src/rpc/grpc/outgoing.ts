import type { Writable } from "node:stream";

/** So many bytes of messages may wait for a client that reads slowly. */
const most = 256 * 1024;

/** Messages to a client, no faster than it takes them. */
export class Outgoing {
  readonly #stream: Writable;
  #waiting = 0;
  #room: (() => void) | undefined;

  /** @param signal aborted when nobody reads any more */
  constructor(stream: Writable, signal: AbortSignal) {
    this.#stream = stream;
    signal.addEventListener("abort", () => this.#room?.(), { once: true });
  }

  /** Resolves when there is room for another one. */
  send(message: Buffer): Promise<void> | undefined {
    this.#waiting += message.length;
    this.#stream.write(message, () => {
      this.#waiting -= message.length;
      if (this.#waiting < most) this.#room?.();
    });
    if (this.#waiting < most) return undefined;
    return new Promise((resolve) => {
      this.#room = resolve;
    });
  }
}
