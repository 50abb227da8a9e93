import type { RelayedAnswer, RelayedRequest } from "../../http/relay.ts";
import { type Arrived, type Connection, ConnectionLost, NotConnected } from "../http1/connection.ts";
import { Pool, QueueFull } from "../http1/pool.ts";
import { MalformedAnswer } from "../http1/response-head.ts";
import type { Exchange } from "./exchange.ts";
import { answeredFields, requestHead } from "./fields.ts";
import { Refused } from "./refused.ts";
import type { Resource } from "./target.ts";
import { upload } from "./upload.ts";

/** Servers whose connections are kept. */
const mostPools = 1024;
/** ms a kept connection may have been idle to carry what cannot be sent twice. */
const surelyOpen = 1000;
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);
/** Times the patience that an answer for nobody in particular may take. */
const longestDetached = 10;
const limits = { connections: 256, queue: 256 };

export interface OriginParts {
  /** ms to connect. */
  readonly connectTimeout: number;
  /** ms that an answer may take to begin. */
  readonly patience: number;
  readonly pseudonym: string;
}

/** What is asked for, and the addresses that may be asked. */
export interface Place extends Resource {
  readonly addresses: readonly string[];
}

/** Asks servers over kept connections, one pool for each address: what was checked is what is connected to. */
export class Origins {
  readonly #parts: OriginParts;
  readonly #pools = new Map<string, Pool>();

  constructor(parts: OriginParts) {
    this.#parts = parts;
  }

  /**
   * @param exchange whose client has to wait for the answer; `undefined` when it is not for this one alone
   * @throws Refused
   */
  async ask(request: RelayedRequest, place: Place, exchange: Exchange | undefined): Promise<RelayedAnswer> {
    try {
      return this.#answer(request, await this.#exchange(request, place, exchange));
    } catch (error) {
      throw refusal(error);
    }
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
  }

  async #exchange(request: RelayedRequest, place: Place, exchange: Exchange | undefined): Promise<Arrived> {
    const body = bodyOf(request);
    const repeatable = body === undefined && safeMethods.has(request.method);
    for (let fresh = false; ; fresh = true) {
      const connection = await this.#connect(place, repeatable ? undefined : surelyOpen, fresh);
      const reused = connection.used > 0;
      try {
        return await this.#send(connection, request, place, exchange, body);
      } catch (error) {
        const stale = error instanceof ConnectionLost && error.silent && reused && repeatable;
        if (!stale || fresh) throw error;
      }
    }
  }

  async #send(
    connection: Connection,
    request: RelayedRequest,
    { path, authority }: Place,
    exchange: Exchange | undefined,
    body: "chunked" | "length" | undefined,
  ): Promise<Arrived> {
    // A password of NTLM is the connection's: nobody else may ask on it.
    const personal = request.fields.some(
      ([name, value]) => name.toLowerCase() === "authorization" && /^(?:ntlm|negotiate)\b/i.test(value),
    );
    const head = requestHead(request, path, authority, personal ? "connection: close\r\n" : "");
    if (exchange !== undefined) exchange.abandon = (why) => connection.destroy(why);
    if (exchange?.socket.destroyed) {
      connection.destroy();
      throw new Refused(499, "the client has gone");
    }
    if (exchange === undefined || body === undefined)
      return await this.#askWhole(connection, request.method, head, exchange === undefined);
    const answer = connection.ask(request.method, head, true);
    upload(
      exchange.request,
      connection,
      body === "chunked",
      (bytes) => void (exchange.requestBytes += bytes),
    );
    return await answer;
  }

  async #askWhole(connection: Connection, method: string, head: string, detached: boolean): Promise<Arrived> {
    const { patience } = this.#parts;
    const late = (): void => connection.destroy(new Refused(504, "the server did not answer in time"));
    const timer = setTimeout(late, patience);
    const arrived = await connection.ask(method, head).finally(() => clearTimeout(timer));
    // No client's connection is watched for it.
    if (detached && !arrived.body.complete) {
      const most = setTimeout(late, patience * longestDetached);
      arrived.body.ended(() => clearTimeout(most));
    }
    return arrived;
  }

  /** @param idle ms a kept connection may have been idle @param fresh no kept one */
  async #connect({ addresses, port }: Place, idle: number | undefined, fresh: boolean): Promise<Connection> {
    const end = performance.now() + this.#parts.connectTimeout;
    let failure: unknown;
    for (const address of addresses) {
      const pool = this.#poolOf(address, port);
      const claimed = fresh ? pool.open() : pool.claim(idle);
      try {
        return await within(claimed, end - performance.now());
      } catch (error) {
        if (!(error instanceof NotConnected)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  #poolOf(hostname: string, port: number): Pool {
    const key = `${hostname} ${port}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    // The longest known stand first; a pool that is forgotten closes its idle connections itself.
    if (this.#pools.size >= mostPools) this.#pools.delete(this.#pools.keys().next().value!);
    const pool = new Pool({ hostname, port, unix: undefined, tls: undefined }, limits);
    this.#pools.set(key, pool);
    return pool;
  }

  #answer({ method }: RelayedRequest, { head, body }: Arrived): RelayedAnswer {
    const { status, reason, framing } = head;
    if (status < 200 || status > 599) {
      body.fail(new MalformedAnswer("a status that was not asked for"));
      throw new MalformedAnswer(`a status of ${status}`);
    }
    const all = answeredFields(head.fields, this.#parts.pseudonym);
    const kept = framing.kind === "length" || method === "HEAD" || status === 304;
    const fields = kept ? all : all.filter(([name]) => name !== "content-length");
    if (framing.kind === "none") return { status, reason, fields, body: null, length: undefined };
    const whole = body.complete ? body.whole() : undefined;
    const length = framing.kind === "length" ? framing.length : whole?.byteLength;
    return { status, reason, fields, body: whole ?? body.stream(), length };
  }
}

/** A connection that comes too late is nobody's. */
async function within(claimed: Promise<Connection>, timeout: number): Promise<Connection> {
  const { promise, reject } = Promise.withResolvers<never>();
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      reject(new Refused(504, "the server did not take the connection in time"));
    },
    Math.max(timeout, 0),
  );
  claimed.then(
    (connection) => late && connection.destroy(),
    () => {},
  );
  return await Promise.race([claimed, promise]).finally(() => clearTimeout(timer));
}

/** How the end of a request's body is found; `undefined` without. */
function bodyOf({ fields }: RelayedRequest): "chunked" | "length" | undefined {
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (lower === "transfer-encoding") return "chunked";
    if (lower === "content-length" && value !== "0") return "length";
  }
  return undefined;
}

function refusal(error: unknown): unknown {
  if (error instanceof QueueFull) return new Refused(503, "too many requests wait for the server");
  if (error instanceof MalformedAnswer) return new Refused(502, "the server answered no HTTP", {}, error);
  if (error instanceof NotConnected) return new Refused(502, "the server cannot be reached", {}, error);
  if (error instanceof ConnectionLost) return new Refused(502, "the server broke off", {}, error);
  return error;
}
