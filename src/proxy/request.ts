import type { Context } from "../context.ts";
import { forwardedLines, idLines, type Names, requestLines } from "./fields.ts";

/** Bodies up to this size are read before an upstream is asked: they can be sent in one piece, and again. */
const small = 64 * 1024;

/** A request as an upstream gets it. */
export interface Outgoing {
  readonly method: string;
  /** Request line, up to the value of Host: `GET /a HTTP/1.1\r\nhost: `. */
  readonly start: string;
  /** What follows the host of a member, with the framing and the blank line. */
  readonly rest: string;
  /** Whole, or as it comes; `undefined` for none. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
  /** A streamed body has no length: it goes in chunks. */
  readonly chunked: boolean;
  /** Asking for it twice does no harm, and it can be sent twice (RFC 9110 §9.2.1). */
  readonly safe: boolean;
}

const safeMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

export interface OutgoingOptions {
  /** Path of the upstream that the mount's paths are below: `""` or `/v2`. */
  readonly base: string;
  readonly secure: boolean;
  /** Names that clients may not send. */
  readonly stripped?: Names | undefined;
}

/**
 * @param more fields, each with its line end: the identity that a gateway found out
 * @returns a promise only for a small body, which is read first
 */
export function outgoing(
  request: Request,
  context: Context,
  options: OutgoingOptions,
  more?: string,
): Outgoing | Promise<Outgoing> {
  const { headers, method } = request;
  const path = options.base + context.path || "/";
  const start = `${method} ${path}${context.search} HTTP/1.1\r\nhost: `;
  const fields = linesOf(headers, context, options, more);
  // Bun drops the bodies of GET and HEAD itself.
  if (method === "GET" || method === "HEAD")
    return { method, start, rest: `${fields}\r\n`, body: undefined, chunked: false, safe: true };
  const framed = (body: Outgoing["body"], framing: string, chunked = false): Outgoing => {
    const safe = safeMethods.has(method) && !(body instanceof ReadableStream);
    return { method, start, rest: `${fields}${framing}\r\n`, body, chunked, safe };
  };
  const length = headers.get("content-length");
  if (length === null) {
    // HTTP/2 announces no body (RFC 9113 §8.1).
    const body = request.body;
    return body === null ? framed(undefined, "") : framed(body, "transfer-encoding: chunked\r\n", true);
  }
  const bytes = Number(length);
  if (bytes === 0) return framed(undefined, "content-length: 0\r\n");
  if (bytes > small) return framed(request.body ?? undefined, `content-length: ${bytes}\r\n`);
  return request.bytes().then((body) => framed(body, `content-length: ${body.byteLength}\r\n`));
}

/** What follows the value of Host. */
function linesOf(
  headers: Headers,
  context: Context,
  { secure, stripped }: OutgoingOptions,
  more = "",
): string {
  const personal = isPersonal(headers) ? "connection: close\r\n" : "";
  return `\r\n${requestLines(headers, stripped)}${forwardedLines(context, secure, true)}${idLines(context)}${personal}${more}`;
}

/** NTLM and Negotiate sign the connection in, not the request: nobody else may ask on it. */
function isPersonal(headers: Headers): boolean {
  const authorization = headers.get("authorization");
  return authorization !== null && /^(?:ntlm|negotiate)\b/i.test(authorization);
}
