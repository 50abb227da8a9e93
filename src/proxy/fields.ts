import type { Context } from "../context.ts";
import type { Fields } from "../http/relay.ts";
import { toTraceparent } from "../trace/traceparent.ts";

/** Names of fields, lower case. */
export interface Names {
  has(name: string): boolean;
}

/** Fields of one connection only (RFC 9110 §7.6.1), and what frames a message. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** What the proxy says itself of who asks, for where and by which way. */
const said = new Set([
  "host",
  "content-length",
  "expect",
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-forwarded-prefix",
  "x-forwarded-server",
  "x-forwarded-ssl",
  "x-real-ip",
  "x-gtxn-id",
  "x-ltxn-id",
  "traceparent",
]);

const dropped = new Set([...hopByHop, ...said]);

/** Fields of which a client's request does not show what an upstream gets. */
export const unseenOf = (stripped: Names | undefined): Names => ({
  has: (name) => (name !== "host" && dropped.has(name)) || stripped?.has(name) === true,
});

/** Names listed in `Connection`; `undefined` for the usual values. */
function listed(connection: string | null): ReadonlySet<string> | undefined {
  if (connection === null || connection === "keep-alive" || connection === "close") return undefined;
  return new Set(
    connection
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  );
}

/**
 * The fields of a request as an upstream gets them, each with its line end, without Host and framing.
 * @param stripped more names that clients may not send, lower case
 */
export function requestLines(headers: Headers, stripped: Names | undefined): string {
  const connection = listed(headers.get("connection"));
  let lines = "";
  headers.forEach((value, name) => {
    if (dropped.has(name) || connection?.has(name) || stripped?.has(name)) return;
    // CGI and its heirs take `X_Forwarded_For` for `X-Forwarded-For`.
    if (name.includes("_") && isShadow(name.replaceAll("_", "-"), stripped)) return;
    lines += `${name}: ${value}\r\n`;
  });
  return lines;
}

const isShadow = (name: string, stripped: Names | undefined): boolean =>
  dropped.has(name) || stripped?.has(name) === true;

/** What became of the client's connection: address, host and scheme, behind what trusted proxies said of it. RFC 7239. */
export function forwardedLines(context: Context, secure: boolean, stripPrefix: boolean): string {
  const { peer, scope, mountPoint } = context;
  const { headers } = context.request;
  const trusted = scope.trusted(peer);
  const before = (name: string): string | null => (trusted ? headers.get(name) : null);
  const chain = before("x-forwarded-for");
  const host = before("x-forwarded-host") ?? headers.get("host") ?? "";
  const proto = before("x-forwarded-proto") ?? (secure ? "https" : "http");
  const forwarded = before("forwarded");
  const element = `for=${node(peer)};host=${quoted(host)};proto=${proto}`;
  const via = headers.get("via");
  return (
    `x-forwarded-for: ${chain === null ? peer : `${chain}, ${peer}`}\r\n` +
    `x-forwarded-host: ${host}\r\nx-forwarded-proto: ${proto}\r\n` +
    (stripPrefix && mountPoint !== "" ? `x-forwarded-prefix: ${mountPoint}\r\n` : "") +
    `forwarded: ${forwarded === null ? element : `${forwarded}, ${element}`}\r\n` +
    `via: ${via === null ? "" : `${via}, `}1.1 skitai\r\n`
  );
}

/** Ids of the transaction; each call has one of its own. Spec L4. */
export function idLines(context: Context): string {
  const { gtxnid } = context;
  const ltxnid = context.nextCall();
  return `x-gtxn-id: ${gtxnid}\r\nx-ltxn-id: ${ltxnid}\r\ntraceparent: ${toTraceparent(gtxnid, ltxnid)}\r\n`;
}

const quoted = (text: string): string => (/^[\w.-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "")}"`);
/** IPv6 addresses are quoted and bracketed (RFC 7239 §6). */
const node = (address: string): string => (address.includes(":") ? `"[${address}]"` : address);

/** The fields of an answer as the client gets them. */
export function answerFields(fields: Fields, keepLength: boolean): [name: string, value: string][] {
  const connection = listed(connectionOf(fields));
  const kept: [string, string][] = [];
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || connection?.has(lower)) continue;
    if (lower === "content-length" && !keepLength) continue;
    kept.push([lower, value]);
  }
  return kept;
}

function connectionOf(fields: Fields): string | null {
  let said: string | null = null;
  for (const [name, value] of fields)
    if (name.length === 10 && name.toLowerCase() === "connection")
      said = said === null ? value : `${said},${value}`;
  return said;
}
