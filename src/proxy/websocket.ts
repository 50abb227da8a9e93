import type { Context } from "../context.ts";
import type { ClientSocket, SocketHandler } from "../http/socket-handler.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import { ProxyError } from "./errors.ts";
import { forwardedLines, requestLines } from "./fields.ts";
import type { Origin } from "./origin.ts";

/** Bytes that wait for a slow side before the other is told to wait, or is given up where it cannot be. */
const highWater = 1024 * 1024;

export const isUpgrade = (headers: Headers): boolean => headers.get("upgrade")?.toLowerCase() === "websocket";

export interface SocketRelay {
  readonly cluster: Cluster;
  readonly originOf: (member: Member) => Origin;
  readonly secure: boolean;
  readonly base: string;
  readonly stripped: ReadonlySet<string> | undefined;
  /** ms */
  readonly timeout: number;
}

/**
 * Opens a websocket to a member, then the client's, and lets messages, pings and ends through. What the upstream refuses is a
 * 502: the handshake of the client goes no further. Spec P1.
 */
export async function relaySocket(
  request: Request,
  context: Context,
  relay: SocketRelay,
  more = "",
): Promise<Response> {
  const { cluster } = relay;
  let tried: Set<Member> | undefined;
  for (;;) {
    const member = cluster.claim(tried);
    if (member === undefined) throw new ProxyError("PROXY_UNREACHABLE", cluster.name, undefined);
    try {
      const upstream = await openUpstream(request, context, relay, relay.originOf(member), more);
      member.answered();
      return joined(context, upstream, member);
    } catch (error) {
      member.release();
      tried = (tried ?? new Set()).add(member);
      if (tried.size < cluster.members.length && !request.signal.aborted) continue;
      throw new ProxyError("PROXY_UNREACHABLE", cluster.name, member.label, error);
    }
  }
}

async function openUpstream(
  request: Request,
  context: Context,
  { base, secure, stripped, timeout }: SocketRelay,
  { socketUrl, tls }: Origin,
  more: string,
): Promise<WebSocket> {
  const lines = requestLines(request.headers, stripped) + forwardedLines(context, secure, true) + more;
  const protocols = request.headers.get("sec-websocket-protocol");
  const upstream = new WebSocket(`${socketUrl(base + context.path || "/")}${context.search}`, {
    headers: Object.fromEntries(lines.split("\r\n").flatMap(asField)),
    ...(protocols === null ? {} : { protocols: protocols.split(/\s*,\s*/) }),
    ...(tls === undefined ? {} : { tls }),
  } as never);
  upstream.binaryType = "nodebuffer";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error("no answer in time")), timeout);
  upstream.onopen = () => resolve();
  upstream.onerror = (event) => reject(new Error((event as ErrorEvent).message || "refused"));
  upstream.onclose = ({ reason }) => reject(new Error(reason || "refused"));
  try {
    await promise;
    return upstream;
  } catch (error) {
    upstream.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Names of the handshake are the client's own. */
function asField(line: string): [string, string][] {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  return colon < 1 || name.startsWith("sec-websocket-") ? [] : [[name, line.slice(colon + 2)]];
}

function joined(context: Context, upstream: WebSocket, member: Member): Response {
  const relayed = new RelayedSocket(upstream, () => member.release());
  const headers: Record<string, string> = upstream.protocol
    ? { "sec-websocket-protocol": upstream.protocol }
    : {};
  const response = context.upgrade(relayed, headers);
  if (response !== undefined) return response;
  upstream.close(1001);
  throw new Error("the client's handshake is none");
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
