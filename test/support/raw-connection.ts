import type { Socket } from "bun";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Status line and fields, without the blank line. */
  readonly head: string;
  readonly headers: Headers;
  /** Latin-1, chunks joined. */
  readonly body: string;
}

type Predicate<Found> = () => Found | undefined;

/** A TCP connection that sends what it is told, byte for byte, and reads HTTP/1.1 answers one after another. */
export class RawConnection implements Disposable {
  /** Latin-1; what came and was not taken as an answer yet. */
  received = "";
  closed = false;
  readonly #socket: Socket<undefined>;
  #wake: () => void = () => {};

  private constructor(socket: Socket<undefined>) {
    this.#socket = socket;
  }

  static async open(port: number): Promise<RawConnection> {
    let connection: RawConnection | undefined;
    const ended = (): void => {
      if (!connection) return;
      connection.closed = true;
      connection.#wake();
    };
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, bytes) => {
          if (!connection) return;
          connection.received += bytes.toString("latin1");
          connection.#wake();
        },
        end: ended,
        close: ended,
        error: ended,
      },
    });
    connection = new RawConnection(socket);
    return connection;
  }

  /** Lines of text are sent as they are: write `\r\n` yourself. */
  write(text: string): this {
    this.#socket.write(Buffer.from(text, "latin1"));
    return this;
  }

  /** Stops taking bytes off the socket: the server's sending stalls. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next answer. A body without length ends with the connection. @param bodyless of a HEAD request */
  answer({ bodyless = false, seconds = 4 } = {}): Promise<RawAnswer> {
    return this.#until(() => this.#take(bodyless), "an answer", seconds);
  }

  /** Resolves with what was left when the server has closed. */
  async close(seconds = 4): Promise<string> {
    await this.#until(() => this.closed || undefined, "a close", seconds);
    return this.received;
  }

  /** Resolves when what came matches. */
  async until(pattern: RegExp, seconds = 4): Promise<string> {
    await this.#until(() => pattern.test(this.received) || undefined, String(pattern), seconds);
    return this.received;
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  async #until<Found>(find: Predicate<Found>, what: string, seconds: number): Promise<Found> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const left = end - Date.now();
      if (left <= 0 || this.closed)
        throw new Error(`${this.closed ? "closed" : `${seconds} s`} without ${what}: ${this.received}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
  }

  #take(bodyless: boolean): RawAnswer | undefined {
    const end = this.received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const head = this.received.slice(0, end);
    const headers = fieldsOf(head);
    const status = Number(head.split(" ", 2)[1]);
    const none = bodyless || status < 200 || status === 204 || status === 304;
    const found = none ? { body: "", end: end + 4 } : this.#body(end + 4, headers);
    if (found === undefined) return undefined;
    this.received = this.received.slice(found.end);
    return { status, head, headers, body: found.body };
  }

  #body(start: number, headers: Headers): { body: string; end: number } | undefined {
    if (headers.get("transfer-encoding") === "chunked") return unchunked(this.received, start);
    const length = headers.get("content-length");
    const end = length === null ? this.received.length : start + Number(length);
    if (length === null ? !this.closed : this.received.length < end) return undefined;
    return { body: this.received.slice(start, end), end };
  }
}

function fieldsOf(head: string): Headers {
  const headers = new Headers();
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}

function unchunked(text: string, start: number): { body: string; end: number } | undefined {
  let body = "";
  for (let at = start; ;) {
    const line = text.indexOf("\r\n", at);
    const size = line < 0 ? Number.NaN : parseInt(text.slice(at, line), 16);
    const end = line + 2 + size + 2;
    if (Number.isNaN(size) || text.length < end) return undefined;
    body += text.slice(line + 2, line + 2 + size);
    if (size === 0) return { body, end };
    at = end;
  }
}

/** One request on a connection of its own, answered and dropped. */
export async function exchange(
  port: number,
  request: string,
  options?: { bodyless?: boolean; seconds?: number },
): Promise<RawAnswer> {
  using connection = await RawConnection.open(port);
  return await connection.write(request).answer(options);
}
