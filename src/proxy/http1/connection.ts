import type { Socket } from "bun";
import { ResponseBody, type Source } from "./body.ts";
import { HeadReader } from "./head-reader.ts";
import { MalformedAnswer, type ResponseHead } from "./response-head.ts";

/** Where an upstream listens. */
export interface Place {
  readonly hostname: string;
  readonly port: number;
  /** Path of a Unix socket, instead. */
  readonly unix: string | undefined;
  readonly tls: Bun.TLSOptions | undefined;
  /** ms to connect, TLS included; default 3000. */
  readonly connectTimeout?: number;
}

/** Who asked: told one of both, once. */
export interface Asker {
  arrived(head: ResponseHead, body: ResponseBody): void;
  lost(error: Error): void;
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

const defaultConnectTimeout = 3000;
/** Most 1xx answers before the one that counts. */
const mostInformed = 16;
/** ms of silence after which the system asks whether the other side is still there. */
const probeAfter = 60_000;

/** One kept connection: one request at a time. Its states: idle (in the pool), asked, answering, closed. */
export class Connection implements Source {
  /** How many requests it has carried. */
  used = 0;
  /** ms, of the last end of an answer. */
  idleSince = 0;
  closed = false;
  readonly #released: (connection: Connection) => void;
  readonly #heads: HeadReader;
  #socket!: Socket<undefined>;
  #method = "";
  #head: Buffer | undefined;
  #body: ResponseBody | undefined;
  #persistent = false;
  #sending = false;
  #receiving = false;
  #freed = false;
  #asker: Asker | undefined;
  #informed: ((head: ResponseHead) => void) | undefined;
  #informs = 0;
  #unsent: Uint8Array | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  private constructor(released: (connection: Connection) => void, heads: HeadReader) {
    this.#released = released;
    this.#heads = heads;
  }

  /**
   * @param released told when it may be asked again, and when it is closed
   * @param heads shared by the connections of one upstream
   * @throws NotConnected
   */
  static open(
    place: Place,
    released: (connection: Connection) => void,
    heads = new HeadReader(),
  ): Promise<Connection> {
    const connection = new Connection(released, heads);
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const fail = (cause: Error): void => {
      clearTimeout(timer);
      reject(new NotConnected(cause.message, { cause }));
      connection.destroy();
    };
    const opened = (): void => {
      clearTimeout(timer);
      resolve(connection);
    };
    const { connectTimeout = defaultConnectTimeout } = place;
    const timer = setTimeout(() => fail(new Error("no connection in time")), connectTimeout);
    Bun.connect({ ...placeOf(place), socket: connection.#handler(place.tls, opened, fail) } as never).catch(
      fail,
    );
    return promise;
  }

  #handler(
    tls: Bun.TLSOptions | undefined,
    opened: () => void,
    fail: (error: Error) => void,
  ): Bun.SocketHandler<undefined> {
    const gone = (error: Error | undefined): void => {
      this.#lost(error);
      fail(error ?? new Error("closed before it was open"));
    };
    return {
      binaryType: "buffer",
      open: (socket) => {
        // Too late: nobody waits for it any more.
        if (this.closed) return void socket.terminate();
        this.#socket = socket;
        socket.setNoDelay(true);
        socket.setKeepAlive(true, probeAfter);
        if (tls === undefined) opened();
      },
      handshake: (_socket, _success, error) =>
        error !== null && tls?.rejectUnauthorized !== false ? fail(error) : opened(),
      data: (_socket, bytes) => this.#receive(bytes),
      drain: () => this.#flush(),
      end: () => gone(undefined),
      close: (_socket, error) => gone(error),
      error: (_socket, error) => gone(error),
      connectError: (_socket, error) => fail(error),
    };
  }

  /** Like `begin`, as a promise. @throws ConnectionLost, MalformedAnswer */
  ask(
    method: string,
    bytes: Uint8Array | string,
    more = false,
    informed?: (head: ResponseHead) => void,
  ): Promise<Arrived> {
    const { promise, resolve, reject } = Promise.withResolvers<Arrived>();
    this.begin(
      { arrived: (head, body) => resolve({ head, body }), lost: reject },
      method,
      bytes,
      more,
      informed,
    );
    return promise;
  }

  /**
   * Sends the head of a request, with the body when it is small. The asker gets the head of the answer, or ConnectionLost,
   * MalformedAnswer, or what `destroy` was given.
   * @param bytes text of Latin-1
   * @param more a body follows by `send`: the connection is not free before `sent`
   * @param informed told of 1xx answers
   */
  begin(
    asker: Asker,
    method: string,
    bytes: Uint8Array | string,
    more = false,
    informed?: (head: ResponseHead) => void,
  ): void {
    this.used++;
    this.#method = method;
    this.#sending = more;
    this.#informed = informed;
    this.#informs = 0;
    this.#asker = asker;
    if (typeof bytes !== "string") return this.#write(bytes);
    // Bun knows the encoding, its types do not.
    const written = (this.#socket as unknown as LatinSocket).write(bytes, "latin1");
    if (written < bytes.length) this.#unsent = Buffer.from(bytes.slice(Math.max(0, written)), "latin1");
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
    this.#receiving = true;
    try {
      let rest: Buffer | undefined = bytes;
      while (rest !== undefined && rest.length > 0) rest = this.#take(rest);
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#receiving = false;
    if (this.#freed) this.#release();
  }

  /** @returns what is left of the bytes */
  #take(bytes: Buffer): Buffer | undefined {
    if (this.#body !== undefined) {
      const taken = this.#body.take(bytes);
      if (this.#body.complete) this.#free();
      return taken < bytes.length ? bytes.subarray(taken) : undefined;
    }
    if (this.#asker === undefined) throw new MalformedAnswer("an answer to nothing");
    const all = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
    const head = this.#heads.read(all, this.#method);
    this.#head = head === undefined ? all : undefined;
    if (head === undefined) return undefined;
    const rest = all.subarray(head.size);
    if (head.status < 200 && head.status !== 101) {
      if (++this.#informs > mostInformed) throw new MalformedAnswer("too many answers of 1xx");
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
    const asker = this.#asker!;
    this.#asker = undefined;
    if (body.complete) this.#free();
    asker.arrived(head, body);
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
    this.#freed = true;
    if (!this.#receiving) this.#release();
  }

  /** Not before all that came with an answer was looked at: more of it must not be taken for the answer to the next one. */
  #release(): void {
    this.#freed = false;
    if (this.closed) return;
    this.idleSince = Date.now();
    this.#released(this);
  }

  #lost(cause?: Error): void {
    if (this.closed) return;
    this.closed = true;
    const silent = this.#head === undefined;
    const error = new ConnectionLost(cause?.message ?? "closed by the upstream", silent, cause);
    const asker = this.#asker;
    this.#asker = undefined;
    const body = this.#body;
    // A body that ends with its connection ends well only when that was closed, not when it was cut.
    if (body !== undefined && (cause !== undefined || !body.closed()))
      body.fail(new ConnectionLost("closed within an answer", false, cause));
    this.#drained?.reject(error);
    this.#drained = undefined;
    this.#released(this);
    asker?.lost(error);
  }

  #fail(error: Error): void {
    this.#tell(error);
    this.destroy();
  }

  #tell(error: Error): void {
    const asker = this.#asker;
    this.#asker = undefined;
    this.#body?.fail(error);
    this.#body = undefined;
    asker?.lost(error);
  }
}

interface LatinSocket {
  write(text: string, encoding: "latin1"): number;
}

const placeOf = ({ hostname, port, unix, tls }: Place): object => ({
  ...(unix === undefined ? { hostname, port } : { unix }),
  ...(tls === undefined ? {} : { tls }),
});
