import type { Exchange } from "./exchange.ts";
import { type BodyLimits, RequestBody, tooLarge } from "./body-guard.ts";
import type { Deadlines } from "./deadlines.ts";
import { setBodyGuard } from "../http/engine-request.ts";

/** A request refused before any mount is asked. */
export interface Refusal {
  readonly status: number;
  readonly detail: string;
}

const malformedHost: Refusal = {
  status: 400,
  detail: "Host must be given once, as one host name with an optional port",
};
const noPath: Refusal = { status: 400, detail: "the target must be a path" };
const notImplemented: Refusal = { status: 501, detail: "this method is not implemented" };

/** What `Bun.serve` lets through and should not (RFC 9110 §7.2, §9.3.6, §9.3.8). */
export function refusalOf(exchange: Exchange): Refusal | undefined {
  const { method, host, path, version, wellFormed } = exchange;
  if (method === "CONNECT" || method === "TRACE") return notImplemented;
  // `OPTIONS *`, which Bun itself refuses in HTTP/1.1.
  if (path === "") return noPath;
  return wellFormed && (version === "1.0" || isHost(host)) ? undefined : malformedHost;
}

const hostPattern = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;
/** Checked before: a server has few names, and a check costs as much as the rest of a request's way in. */
const goodHosts = new Set<string>();
const mostHosts = 256;
let lastHost = "";

/** One name or address with an optional port (RFC 9110 §7.2), of which a URL can be made. */
function isHost(host: string): boolean {
  if (host === lastHost || goodHosts.has(host)) return true;
  if (!hostPattern.test(host) || !URL.canParse(`http://${host}/`)) return false;
  if (goodHosts.size >= mostHosts) goodHosts.clear();
  goodHosts.add(host);
  lastHost = host;
  return true;
}

/**
 * Puts the body of a request under the limits of its app. A body that is announced too large is refused before one
 * byte of it is read. Spec E11.
 * @throws SkitaiError BODY_TOO_LARGE
 */
export function limitBody(exchange: Exchange, limits: BodyLimits, pause: number, deadlines: Deadlines): void {
  const { headers, method } = exchange;
  // Bun drops bodies of GET and HEAD requests itself.
  if (method === "GET" || method === "HEAD") return;
  const announced = headers.get("content-length");
  const length = announced !== null ? Number(announced) : isUnannounced(exchange.request) ? -1 : 0;
  exchange.announced = length;
  if (length === 0) return;
  const multipart = /^multipart\/form-data\b/i.test(headers.get("content-type") ?? "");
  const limit = multipart ? limits.multipart : limits.body;
  if (length > limit) throw tooLarge(length, limit);
  exchange.body = new RequestBody(length, multipart, limits, pause, deadlines, () => exchange.untime());
  setBodyGuard(exchange.request, exchange.body);
}

/** A body without a length is chunked in HTTP/1.1; in HTTP/2 (RFC 9113 §8.1) no header tells of it. */
const isUnannounced = (request: Request): boolean =>
  request.headers.get("transfer-encoding") !== null || request.body !== null;
