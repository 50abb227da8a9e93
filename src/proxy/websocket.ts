import type { Context } from "../context.ts";
import type { ClientSocket, SocketHandler } from "../http/socket-handler.ts";
import type { Member } from "../upstream/member.ts";
import { ProxyError } from "./errors.ts";
import { forwardedLines, idLines, requestLines } from "./fields.ts";
import type { Way } from "./forwarding.ts";
import type { Origin } from "./origin.ts";

/** Bytes that wait for a slow side before the other is told to wait, or is given up where it cannot be. */
const highWater = 1024 * 1024;

export const isUpgrade = (headers: Headers): boolean => headers.get("upgrade")?.toLowerCase() === "websocket";

/**
 * Opens a websocket to a member, then the client's, and lets messages, pings and ends through. What the upstream refuses
 * is refused with its status, a 502 when it gives none: the handshake of the client goes no further. Spec P1.
 */
export async function relaySocket(
  request: Request,
  context: Context,
  way: Way,
  more = "",
): Promise<Response> {
  let tried: Set<Member> | undefined;
  for (;;) {
    const member = way.claim(context, tried);
    if (member === undefined) throw new ProxyError("PROXY_UNREACHABLE", way.name, undefined);
    const origin = way.originOf(member);
    try {
      const upstream = await openUpstream(request, context, way, origin, more);
      member.answered();
      return joined(context, upstream, member, way.stickTo(member, context));
    } catch (error) {
      member.release();
      if (request.signal.aborted) throw new ProxyError("PROXY_ABORTED", way.name, member.label, error);
      if (error instanceof Late) throw new ProxyError("PROXY_TIMEOUT", way.name, member.label, error);
      const refusal = refusalOf(error);
      if (refusal !== undefined) {
        member.answered();
        return new Response(null, { status: refusal });
      }
      member.failed(Date.now());
      tried = (tried ?? new Set()).add(member);
      if (tried.size === way.members)
        throw new ProxyError("PROXY_UNREACHABLE", way.name, member.label, error);
    }
  }
}

class Late extends Error {}

/** The status of a handshake that was refused, which Bun tells in words only; redirects are of no use to who wants a websocket. */
function refusalOf(error: unknown): number | undefined {
  const said = /Expected 101 status code: (\d{3})/.exec((error as Error).message)?.[1];
  const status = Number(said);
  return status >= 400 && status < 600 ? status : undefined;
}

async function openUpstream(
  request: Request,
  context: Context,
  way: Way,
  origin: Origin,
  more: string,
): Promise<WebSocket> {
  const { base, secure, stripped } = way.options;
  const lines =
    requestLines(request.headers, stripped) + forwardedLines(context, secure, true) + idLines(context) + more;
  const fields: Record<string, string> = Object.fromEntries(lines.split("\r\n").flatMap(asField));
  const host = way.hostOf(origin, request);
  if (host !== origin.host) fields["host"] = host;
  const protocols = request.headers.get("sec-websocket-protocol");
  const upstream = new WebSocket(`${origin.socketUrl(base + context.path || "/")}${context.search}`, {
    headers: fields,
    ...(protocols === null ? {} : { protocols: protocols.split(/\s*,\s*/) }),
    ...(origin.tls === undefined ? {} : { tls: origin.tls }),
  } as never);
  upstream.binaryType = "nodebuffer";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Late("no answer in time")), way.timeout);
  upstream.onopen = () => resolve();
  upstream.onerror = (event) => reject(new Error((event as ErrorEvent).message || "refused"));
  upstream.onclose = ({ reason }) => reject(new Error(reason || "refused"));
  const aborted = (): void => reject(new Error("the client went"));
  request.signal.addEventListener("abort", aborted);
  try {
    await promise;
    return upstream;
  } catch (error) {
    upstream.onclose = null;
    upstream.onerror = null;
    upstream.terminate();
    throw error;
  } finally {
    request.signal.removeEventListener("abort", aborted);
    clearTimeout(timer);
  }
}

/** Names of the handshake are the client's own. */
function asField(line: string): [string, string][] {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  return colon < 1 || name.startsWith("sec-websocket-") ? [] : [[name, line.slice(colon + 2)]];
}

function joined(context: Context, upstream: WebSocket, member: Member, cookie: string | undefined): Response {
  let over = (): void => {};
  const relayed = new RelayedSocket(upstream, () => over());
  const headers: Record<string, string> = {};
  if (upstream.protocol) headers["sec-websocket-protocol"] = upstream.protocol;
  if (cookie !== undefined) headers["set-cookie"] = cookie;
  const response = context.upgrade(relayed, headers);
  if (response === undefined) {
    relayed.abandon();
    throw new Error("the client's handshake is none, or it went");
  }
  if (relayed.ended) member.release();
  else over = () => member.release();
  return response;
}

/** Codes that may not be sent, and what is said in their place (RFC 6455 §7.4.1). */
const sendable = (code: number): number =>
  code === 1005 ? 1000 : code === 1006 || code === 1015 ? 1011 : code;

class RelayedSocket implements SocketHandler {
  readonly #upstream: WebSocket;
  readonly #over: () => void;
  /** What came before the client was there. */
  #early: (string | Buffer)[] = [];
  #client: ClientSocket | undefined;
  #ended = false;

  constructor(upstream: WebSocket, over: () => void) {
    this.#upstream = upstream;
    this.#over = over;
    upstream.onerror = null;
    upstream.onmessage = ({ data }) => this.#toClient(data as string | Buffer);
    upstream.onclose = ({ code, reason }) => this.#closed(code, reason);
    upstream.addEventListener("ping", (({ data }: MessageEvent) =>
      this.#client?.ping(data as Buffer)) as never);
    upstream.addEventListener("pong", (({ data }: MessageEvent) =>
      this.#client?.pong(data as Buffer)) as never);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** There is no client. */
  abandon(): void {
    this.#upstream.onclose = null;
    this.#upstream.close(1001);
    this.#end();
  }

  open(client: ClientSocket): void {
    this.#client = client;
    for (const message of this.#early.splice(0)) this.#toClient(message);
    if (this.#ended) client.close(1011, "the upstream has gone");
  }

  message(client: ClientSocket, message: string | Buffer): void {
    this.#upstream.send(message as string);
    // Bun cannot stop a client from sending: one that is faster than the upstream for so long is too fast.
    if (this.#upstream.bufferedAmount > 16 * highWater) client.close(1013, "the upstream is too slow");
  }

  drain(): void {
    this.#upstream.resume();
  }

  ping(_client: ClientSocket, data: Buffer): void {
    this.#upstream.ping(data);
  }

  close(_client: ClientSocket, code: number, reason: string): void {
    if (this.#ended) return;
    this.#upstream.onclose = null;
    this.#upstream.close(sendable(code), reason);
    this.#end();
  }

  #toClient(message: string | Buffer): void {
    const client = this.#client;
    if (client === undefined) {
      this.#early.push(message);
      return;
    }
    client.send(message as string);
    if (client.getBufferedAmount() > highWater) this.#upstream.pause();
  }

  #closed(code: number, reason: string): void {
    this.#client?.close(sendable(code), reason);
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#over();
  }
}
