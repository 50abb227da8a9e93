import type { Context } from "../context.ts";
import { SocketError } from "./error.ts";
import type { Params, Settings } from "./options.ts";

/** Longest name of a room that a client may say. */
const longestRoom = 256;

/** What a client's handshake says, checked. */
export interface Handshake {
  readonly query: unknown;
  readonly room: string | undefined;
  readonly protocol: string | undefined;
}

/**
 * @throws SocketError for what is refused: 426 when it asks for no websocket, 403 for pages of elsewhere, 400 for the rest
 */
export function handshakeOf(context: Context, settings: Settings): Handshake {
  const { request } = context;
  const { headers } = request;
  if (request.method !== "GET" || headers.get("upgrade")?.toLowerCase() !== "websocket")
    throw new SocketError(
      "SOCKET_HANDSHAKE",
      { name: "request", accepted: "the handshake of a websocket (RFC 6455)" },
      { status: 426, headers: { upgrade: "websocket", connection: "upgrade" } },
    );
  checkOrigin(headers, settings);
  const protocol = protocolOf(headers, settings);
  const params = paramsOf(context.search);
  const room = settings.design.group ? roomOf(params, settings) : undefined;
  return { query: queryOf(params, settings), room, protocol };
}

/** RFC 6455 §10.2: browsers say where a page is from, and send its user's cookies with it. */
function checkOrigin(headers: Headers, { origins }: Settings): void {
  const origin = headers.get("origin");
  if (origin === null || origins === "*") return;
  if (origins === undefined ? isOwn(origin, headers.get("host")) : origins.has(origin)) return;
  throw new SocketError("SOCKET_ORIGIN", {
    name: "Origin",
    value: origin,
    accepted: origins === undefined ? "pages of this host" : "pages that were declared",
  });
}

function isOwn(origin: string, host: string | null): boolean {
  const page = URL.parse(origin);
  // The same scheme for both takes the usual port off both.
  return (
    page !== null &&
    host !== null &&
    page.host !== "" &&
    URL.parse(`${page.protocol}//${host}`)?.host === page.host
  );
}

function protocolOf(headers: Headers, { protocols }: Settings): string | undefined {
  const offered = headers.get("sec-websocket-protocol");
  if (offered === null || protocols === undefined) return undefined;
  const names = offered.split(",").map((name) => name.trim());
  const chosen = protocols.find((name) => names.includes(name));
  if (chosen !== undefined) return chosen;
  throw new SocketError("SOCKET_HANDSHAKE", {
    name: "Sec-WebSocket-Protocol",
    value: offered,
    accepted: protocols.join(", "),
  });
}

function paramsOf(search: string): Params {
  if (search === "") return {};
  const params: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(search)) {
    const before = params[name];
    if (before === undefined) params[name] = value;
    else if (typeof before === "string") params[name] = [before, value];
    else before.push(value);
  }
  return params;
}

function roomOf(params: Params, { room: name }: Settings): string {
  const room = params[name];
  if (typeof room !== "string" || room === "" || room.length > longestRoom)
    throw badQuery(name, `the name of a room, at most ${longestRoom} characters`);
  return room;
}

function queryOf(params: Params, { query }: Settings): unknown {
  if (query === undefined) return params;
  const parsed = query.safeParse({ ...params });
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw badQuery(first?.path.join(".") || "query", first?.message ?? "another value");
}

const badQuery = (name: string, accepted: string): SocketError =>
  new SocketError("SOCKET_QUERY", { name: `query parameter ${JSON.stringify(name)}`, accepted });
