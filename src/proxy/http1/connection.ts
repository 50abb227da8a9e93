import type { Socket } from "bun";
import { ResponseBody, type Source } from "./body.ts";
import { MalformedAnswer, readHead, type ResponseHead } from "./response-head.ts";

/** Where an upstream listens. */
export interface Place {
  readonly hostname: string;
  readonly port: number;
  /** Path of a Unix socket, instead. */
  readonly unix: string | undefined;
  readonly tls: Bun.TLSOptions | undefined;
}

/** An answer whose head is there. */
export interface Arrived {
  readonly head: ResponseHead;
  readonly body: ResponseBody;
}

/** What the connection was closed by before an answer was whole. */
export class ConnectionLost extends Error {
  /** Nothing had come of the answer: an idle connection that the upstream closed meanwhile, perhaps. */
  readonly silent: boolean;
  constructor(message: string, silent: boolean, cause?: unknown) {
    super(message, { cause });
    this.silent = silent;
  }
}

/** The connection to the upstream could not be made: nothing was sent. */
export class NotConnected extends Error {}

/** One kept connection: one request at a time. Its states: idle (in the pool), asked, answering, closed. */
export class Connection implements Source {
  /** How many requests it has carried. */
  used = 0;
  /** ms, of the last end of an answer. */
  idleSince = 0;
  closed = false;
  readonly #released: (connection: Connection) => void;
  #socket!: Socket<undefined>;
  #method = "";
  #head: Buffer | undefined;
  #body: ResponseBody | undefined;
  #persistent = false;
  #sending = false;
  #asked: PromiseWithResolvers<Arrived> | undefined;
  #informed: ((head: ResponseHead) => void) | undefined;
  #unsent: Uint8Array | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  private constructor(released: (connection: Connection) => void) {
    this.#released = released;
  }

  /**
   * @param released told when it may be asked again, and when it is closed
   * @throws NotConnected
   */
  static async open(
    { hostname, port, unix, tls }: Place,
    released: (connection: Connection) => void,
  ): Promise<Connection> {
    const connection = new Connection(released);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const handler: Bun.SocketHandler<undefined> = {
      binaryType: "buffer",
      open: (socket) => {
        connection.#socket = socket;
        socket.setNoDelay(true);
        if (tls === undefined) resolve();
      },
      handshake: (_socket, _success, error) =>
        error !== null && tls?.rejectUnauthorized !== false ? reject(error) : resolve(),
      data: (_socket, bytes) => connection.#receive(bytes),
      drain: () => connection.#flush(),
      end: () => connection.#lost(),
      close: (_socket, error) => connection.#lost(error),
      error: (_socket, error) => connection.#lost(error),
      connectError: (_socket, error) => reject(error),
    };
    try {
      const place = unix === undefined ? { hostname, port } : { unix };
      await Promise.all([
        Bun.connect({ ...place, ...(tls === undefined ? {} : { tls }), socket: handler } as never),
        promise,
      ]);
    } catch (cause) {
      connection.destroy();
      throw new NotConnected((cause as Error).message, { cause });
    }
    return connection;
  }

  /**
   * Sends the head of a request, with the body when it is small, and waits for the head of the answer.
   * @param more a body follows by `send`: the connection is not free before `sent`
   * @param informed told of 1xx answers
   * @throws ConnectionLost, MalformedAnswer
   */
  ask(
    method: string,
    bytes: Uint8Array | string,
    more = false,
    informed?: (head: ResponseHead) => void,
  ): Promise<Arrived> {
    this.used++;
    this.#method = method;
    this.#sending = more;
    this.#informed = informed;
    this.#asked = Promise.withResolvers<Arrived>();
    this.#write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this.#asked.promise;
  }

  /** More of the body; resolves when there is room for what comes next. Rejects with ConnectionLost. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.closed) throw new ConnectionLost("closed while the request was sent", true);
    this.#write(bytes);
    if (this.#unsent !== undefined) await (this.#drained ??= Promise.withResolvers<void>()).promise;
  }

  /** The request is out whole. */
  sent(): void {
    this.#sending = false;
    this.#free();
  }

  pause(): void {
    if (!this.closed) this.#socket.pause();
  }

  resume(): void {
    if (!this.closed) this.#socket.resume();
  }

  /** An answer that nobody reads to its end closes the connection: the rest may be long. */
  abandon(): void {
    this.destroy();
  }

  /** @param reason what who waits for an answer is told */
  destroy(reason?: Error): void {
    if (this.closed) return;
    if (reason !== undefined) this.#tell(reason);
    this.#lost();
    this.#socket?.terminate();
  }

  #write(bytes: Uint8Array): void {
    if (this.#unsent !== undefined) {
      this.#unsent = Buffer.concat([this.#unsent, bytes]);
      return;
    }
    const written = this.#socket.write(bytes);
    if (written < bytes.length) this.#unsent = bytes.subarray(Math.max(0, written));
  }

  #flush(): void {
    const bytes = this.#unsent;
    if (bytes === undefined) return;
    this.#unsent = undefined;
    this.#write(bytes);
    if (this.#unsent !== undefined) return;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #receive(bytes: Buffer): void {
    try {
      let rest: Buffer | undefined = bytes;
      while (rest !== undefined && rest.length > 0) rest = this.#take(rest);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** @returns what is left of the bytes */
  #take(bytes: Buffer): Buffer | undefined {
    if (this.#body !== undefined) {
      const taken = this.#body.take(bytes);
      if (this.#body.complete) this.#free();
      return taken < bytes.length ? bytes.subarray(taken) : undefined;
    }
    if (this.#asked === undefined) throw new MalformedAnswer("an answer to nothing");
    const all = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
    const head = readHead(all, this.#method);
    this.#head = head === undefined ? all : undefined;
    if (head === undefined) return undefined;
    const rest = all.subarray(head.size);
    if (head.status < 200 && head.status !== 101) {
      this.#informed?.(head);
      return rest;
    }
    return this.#answer(head, rest);
  }

  #answer(head: ResponseHead, rest: Buffer): Buffer | undefined {
    const body = new ResponseBody(head.framing, this);
    const taken = rest.length === 0 ? 0 : body.take(rest);
    this.#persistent = head.persistent;
    this.#body = body;
    const { resolve } = this.#asked!;
    this.#asked = undefined;
    if (body.complete) this.#free();
    resolve({ head, body });
    return taken < rest.length ? rest.subarray(taken) : undefined;
  }

  /** Both ways are done: the next one may ask. An answer before the end of its request leaves the rest unsent: it is closed. */
  #free(): void {
    if (this.#body?.complete !== true || this.closed) return;
    if (this.#sending) {
      this.#persistent = false;
      return;
    }
    this.#body = undefined;
    if (!this.#persistent) {
      this.destroy();
      return;
    }
    this.idleSince = Date.now();
    this.#released(this);
  }

  #lost(cause?: Error): void {
    if (this.closed) return;
    this.closed = true;
    const silent = this.#head === undefined;
    const error = new ConnectionLost(cause?.message ?? "closed by the upstream", silent, cause);
    this.#asked?.reject(error);
    this.#asked = undefined;
    if (this.#body !== undefined && !this.#body.closed())
      this.#body.fail(new ConnectionLost("closed within an answer", false, cause));
    this.#drained?.reject(error);
    this.#drained = undefined;
    this.#released(this);
  }

  #fail(error: Error): void {
    this.#tell(error);
    this.destroy();
  }

  #tell(error: Error): void {
    this.#asked?.reject(error);
    this.#asked = undefined;
    this.#body?.fail(error);
    this.#body = undefined;
  }
}
