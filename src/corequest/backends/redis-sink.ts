import type { Redis } from "ioredis";

/** Characters or bytes that go out without waiting for the end of the turn. */
const enough = 256 * 1024;

type Socket = Redis["stream"];

/**
 * Takes what ioredis would write for each command, and writes it once in a turn: one system call, one packet, as its own
 * auto-pipelining, which costs a pipeline, a closure and two promises for each command beside (measured: 0.4 µs).
 * Nothing else may write on the connection once it is ready, or replies would go to others.
 */
export class RedisSink {
  /** ioredis asks for it: `write` gets the bytes, and `destination` is who they are for. */
  readonly isPipeline = true;
  readonly destination: { readonly redis: Redis };
  #socket: Socket | undefined;
  #text = "";
  #buffers: Buffer[] | undefined;
  #size = 0;
  readonly #flush = (): void => this.flush();

  constructor(redis: Redis) {
    this.destination = { redis };
  }

  write(data: string | Buffer): void {
    const socket = this.destination.redis.stream;
    if (this.#socket !== socket) {
      this.#forget();
      this.#socket = socket;
      setImmediate(this.#flush);
    }
    if (typeof data === "string") this.#text += data;
    else {
      this.#buffers ??= [];
      if (this.#text !== "") this.#buffers.push(Buffer.from(this.#text));
      this.#text = "";
      this.#buffers.push(data);
    }
    this.#size += data.length;
    if (this.#size > enough) this.flush();
  }

  flush(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const text = this.#text;
    const buffers = this.#buffers;
    this.#forget();
    // Calls of a connection that was lost meanwhile have failed already.
    if (socket !== this.destination.redis.stream || !socket.writable) return;
    if (buffers === undefined) socket.write(text);
    else socket.write(Buffer.concat(text === "" ? buffers : [...buffers, Buffer.from(text)]));
  }

  #forget(): void {
    this.#socket = undefined;
    this.#text = "";
    this.#buffers = undefined;
    this.#size = 0;
  }
}
