import { AsyncLocalStorage } from "node:async_hooks";
import { isIP } from "node:net";
import type { Server } from "bun";
import { SkitaiError } from "./errors.ts";
import { plainAddress } from "./http/network.ts";
import { preloadLink } from "./http/preload.ts";
import type { SocketHandler } from "./http/socket-handler.ts";

/** The engine's `Bun.serve` instance, as far as a request needs it. */
export type HttpServer = Pick<
  Server<SocketHandler>,
  "requestIP" | "timeout" | "upgrade" | "pendingRequests" | "pendingWebSockets"
>;

/** What all requests of one mount share; made once at start. */
export interface Scope {
  /** `""` for `/`, else `/v1`. */
  readonly mountPoint: string;
  /** Development mode, or an app with `debug`. */
  readonly debug: boolean;
  /** Of the mount's preference. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What global ids of transactions that start here begin with. */
  readonly idPrefix: string;
  /** Whether an address is a proxy whose forwarding headers are believed. */
  readonly trusted: (address: string) => boolean;
}

/**
 * Per-request data: the second argument of a fetch handler, `c.env` in Hono, `was.context` anywhere below.
 * What is not said by the request line is computed when it is asked for.
 */
export class Context {
  /** The request as the mounted app sees it: its URL is without the mount point. */
  readonly request: Request;
  /** Own path of the app, percent-encoded, without query: starts with `/`. */
  readonly path: string;
  /** Query with its `?`, or `""`. */
  readonly search: string;
  /** Local transaction id: depth digit and sequence, 1000 at the edge. Spec L4. */
  readonly ltxnid: number;
  readonly server: HttpServer;
  readonly scope: Scope;
  /** The request has become a websocket. */
  upgraded = false;
  readonly #transaction: string | number;
  #peer: string | undefined;
  #links: string[] | undefined;
  #sent = false;
  #calls = 0;
  #endings: (() => void)[] | undefined;

  /** @param transaction the peer's global id, or the number of a transaction that starts here */
  constructor(
    request: Request,
    server: HttpServer,
    scope: Scope,
    path: string,
    search: string,
    transaction: string | number,
    ltxnid: number,
  ) {
    this.request = request;
    this.server = server;
    this.scope = scope;
    this.path = path;
    this.search = search;
    this.#transaction = transaction;
    this.ltxnid = ltxnid;
  }

  /** Global transaction id, one for a whole tree of requests: `GTID-C4676-R67`. Spec L4. */
  get gtxnid(): string {
    const transaction = this.#transaction;
    return typeof transaction === "string" ? transaction : `${this.scope.idPrefix}${transaction}`;
  }

  /** The local id of the next call to a backend: 1001, 1002 … of 1000. Spec L4. */
  nextCall(): number {
    return this.ltxnid + ++this.#calls;
  }

  /** The point this app is mounted on: `""` for `/`, else `/v1`. */
  get mountPoint(): string {
    return this.scope.mountPoint;
  }

  /** Configuration that the app was mounted with, `{}` if with none. Spec E8. */
  get config(): Readonly<Record<string, unknown>> {
    return this.scope.config ?? none;
  }

  /**
   * Lets the client load a resource ahead, by a `Link` header of the answer. Spec T3.
   * @returns false when the answer is on its way already
   */
  push(uri: string): boolean {
    if (this.#sent) return false;
    const link = preloadLink(uri);
    if (this.#links === undefined) this.#links = [link];
    else if (!this.#links.includes(link)) this.#links.push(link);
    return true;
  }

  /**
   * Makes a websocket of the request; what the handler returns after that is not sent. Spec X1.
   * @param deflate messages may be compressed (RFC 7692), if the client can
   * @returns what to return, or `undefined` when the client did not ask for one
   */
  upgrade(
    handler: SocketHandler,
    headers: Record<string, string> = {},
    deflate = false,
  ): Response | undefined {
    // Bun decides by the listener, not by the websocket.
    if (!deflate) this.request.headers.delete("sec-websocket-extensions");
    this.upgraded = this.server.upgrade(this.request, { data: handler, headers });
    return this.upgraded ? new Response(null) : undefined;
  }

  /** Calls `ending` when the last byte of the answer is handed over; a websocket's request has no such end. */
  onEnd(ending: () => void): void {
    if (this.#endings === undefined) this.#endings = [ending];
    else this.#endings.push(ending);
  }

  /** For who has sent the answer. */
  ended(): void {
    if (this.#endings === undefined || this.upgraded) return;
    for (const ending of this.#endings) ending();
    this.#endings = undefined;
  }

  /** For who sends the answer: the `Link` header that was asked for. No more can be added. */
  takeLinks(): string | undefined {
    this.#sent = true;
    return this.#links?.join(", ");
  }

  /** Whether the head of the answer is on its way. */
  get answered(): boolean {
    return this.#sent;
  }

  /** Aborted when the client goes away. */
  get signal(): AbortSignal {
    return this.request.signal;
  }

  /** Address of the connection's other end, a proxy's if there is one. */
  get peer(): string {
    this.#peer ??= plainAddress(this.server.requestIP(this.request)?.address ?? "-");
    return this.#peer;
  }

  /** Address of the client: what trusted proxies say in `X-Forwarded-For`, read from the right, else the peer. */
  get ip(): string {
    const { peer, scope } = this;
    const header = scope.trusted(peer) ? this.request.headers.get("x-forwarded-for") : null;
    return header === null ? peer : (clientOf(header, scope.trusted) ?? peer);
  }

  /** Public URL path of one of the app's own paths: `urlFor("/hello")` on `/v1` is `/v1/hello`. Spec E9. */
  urlFor(path: string): string {
    return this.scope.mountPoint + (path.startsWith("/") ? path : `/${path}`);
  }
}

const none: Readonly<Record<string, unknown>> = Object.freeze({});

/** The last address of a proxy list that is not a trusted proxy itself; `undefined` when that is no address. */
function clientOf(header: string, trusted: Scope["trusted"]): string | undefined {
  const hops = header.split(",").map((hop) => plainAddress(hop.trim()));
  const client = hops.findLast((hop) => isIP(hop) === 0 || !trusted(hop)) ?? hops[0]!;
  return isIP(client) === 0 ? undefined : client;
}

const storage = new AsyncLocalStorage<Context>();

/** Runs `handler(...given)` so that `currentContext()` finds `context` in everything it starts, awaited or not. */
export const runWith = <Given extends unknown[], Result>(
  context: Context,
  handler: (...given: Given) => Result,
  ...given: Given
): Result => storage.run(context, handler, ...given);

/**
 * The context of the request being handled.
 * @throws SkitaiError NO_CONTEXT outside a request.
 */
export function currentContext(): Context {
  const context = storage.getStore();
  if (context === undefined)
    throw new SkitaiError("NO_CONTEXT", { name: "was", accepted: "only inside a request" });
  return context;
}

/** Like `currentContext`, but `undefined` outside a request. */
export const findContext = (): Context | undefined => storage.getStore();
