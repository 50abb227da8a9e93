import { isIP } from "node:net";
import { canonicalAddress } from "./address.ts";
import { Refused } from "./refused.ts";

/** Where a request goes. */
export interface Target {
  /** Lower case, without a final dot; an address in its usual form, without brackets. */
  readonly host: string;
  readonly port: number;
  /** For Host: without the usual port. */
  readonly authority: string;
}

/** What a request in absolute form asks for (RFC 9112 §3.2.2). */
export interface Resource extends Target {
  /** Path and query as the client wrote them. */
  readonly path: string;
  readonly url: string;
}

const absolute = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)([^#]*)$/i;
const authorityPattern = /^(\[[\da-f:.]+\]|[\w.-]{1,254})(?::(\d{0,5}))?$/i;
const visible = /^[\x21-\x7e]*$/;
const usualPort = 80;

const hint =
  "this is a proxy: it takes requests like GET http://example.com/ and CONNECT example.com:443, " +
  "set it as the proxy of your client";

/**
 * Reads the target of a request that is not CONNECT. Its Host field does not matter beside it.
 * @throws Refused 400
 */
export function readResource(method: string, text: string): Resource {
  const [, scheme, authority, rest] = absolute.exec(text) ?? [];
  if (scheme === undefined || !visible.test(text)) throw new Refused(400, hint);
  if (/^(?:https|wss)$/i.test(scheme)) throw new Refused(400, "https and wss go through CONNECT host:443");
  if (!/^(?:http|ws)$/i.test(scheme)) throw new Refused(400, "http only");
  const target = readAuthority(authority!, usualPort);
  const path = rest === "" ? (method === "OPTIONS" ? "*" : "/") : rest!.startsWith("?") ? `/${rest}` : rest!;
  return { ...target, path, url: `http://${target.authority}${path === "*" ? "" : path}` };
}

/** Reads `host:port` of CONNECT. @throws Refused 400 */
export const readTunnel = (text: string): Target => readAuthority(text, undefined);

function readAuthority(text: string, otherwise: number | undefined): Target {
  const [, written, digits = ""] = authorityPattern.exec(text) ?? [];
  const port = digits === "" ? otherwise : Number(digits);
  if (written === undefined || port === undefined || port < 1 || port > 65535)
    throw new Refused(400, "host:port is needed, without a user");
  const host = canonicalHost(written);
  const shown = isIP(host) === 6 ? `[${host}]` : host;
  return { host, port, authority: port === usualPort ? shown : `${shown}:${port}` };
}

/**
 * Numbers are addresses in all the forms that system resolvers take them for: `0x7f.1`, `2130706433` (WHATWG URL, IPv4 parser).
 */
function canonicalHost(written: string): string {
  try {
    const { hostname } = new URL(`http://${written}/`);
    const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
    if (host !== "") return canonicalAddress(host) ?? host;
  } catch {
    // Said below.
  }
  throw new Refused(400, "the host is none");
}
