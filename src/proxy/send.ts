import type { ReadableStreamReadResult } from "node:stream/web";
import type { Asker, Connection } from "./http1/connection.ts";
import type { Outgoing } from "./request.ts";

/** Sends a request on a connection; the asker gets the head of the answer. */
export function sendOn(connection: Connection, asker: Asker, host: string, request: Outgoing): void {
  const { body, method } = request;
  const head = `${request.start}${host}${request.rest}`;
  if (body === undefined) return connection.begin(asker, method, head);
  if (body instanceof Uint8Array)
    return connection.begin(asker, method, Buffer.concat([Buffer.from(head, "latin1"), body]));
  const upload = new Upload(connection, body, request.chunked, asker);
  connection.begin(upload, method, head, true);
  void upload.run();
}

/** The part of a stream reader used here; `node:stream/web` and Bun type the whole differently. */
interface Reader {
  read(): Promise<ReadableStreamReadResult<Uint8Array>>;
  cancel(reason?: unknown): Promise<void>;
}

/** The body of a request, as fast as the upstream takes it. An answer that is whole before its end ends it. */
class Upload implements Asker {
  readonly #connection: Connection;
  readonly #reader: Reader;
  readonly #chunked: boolean;
  readonly #asker: Asker;
  #answered = false;

  constructor(connection: Connection, body: ReadableStream<Uint8Array>, chunked: boolean, asker: Asker) {
    this.#connection = connection;
    this.#reader = body.getReader();
    this.#chunked = chunked;
    this.#asker = asker;
  }

  arrived(...[head, body]: Parameters<Asker["arrived"]>): void {
    if (body.complete) this.#stop();
    this.#asker.arrived(head, body);
  }

  lost(error: Error): void {
    this.#stop();
    this.#asker.lost(error);
  }

  async run(): Promise<void> {
    const connection = this.#connection;
    const chunked = this.#chunked;
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (this.#answered) return connection.sent();
        if (done) break;
        if (value.byteLength > 0) await connection.send(chunked ? chunk(value) : value);
      }
      if (chunked) await connection.send(lastChunk);
      connection.sent();
    } catch (error) {
      // The client went, or sent too much or too slowly: the upstream must not take what it has for the whole.
      connection.destroy(error as Error);
      this.#reader.cancel(error).catch(() => {});
    }
  }

  #stop(): void {
    this.#answered = true;
    this.#reader.cancel().catch(() => {});
  }
}

const lastChunk = Buffer.from("0\r\n\r\n");

const chunk = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
