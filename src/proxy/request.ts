import type { Context } from "../context.ts";
import { toTraceparent } from "../trace/traceparent.ts";
import { forwardedLines, requestLines } from "./fields.ts";

/** Bodies up to this size are read before an upstream is asked: they can be sent in one piece, and again. */
const small = 64 * 1024;

/** A request as an upstream gets it. */
export interface Outgoing {
  readonly method: string;
  /** Request line and fields, without Host: `GET /a HTTP/1.1\r\n…`. */
  readonly start: string;
  /** Fields that follow Host, with the framing and the blank line. */
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
  readonly stripped?: ReadonlySet<string> | undefined;
  /** More fields, each with its line end: the identity that a gateway found out. */
  readonly more?: string;
}

/** @returns a promise only for a small body, which is read first */
export function outgoing(
  request: Request,
  context: Context,
  options: OutgoingOptions,
): Outgoing | Promise<Outgoing> {
  const { headers, method } = request;
  const length = headers.get("content-length");
  const chunked = length === null && headers.get("transfer-encoding") !== null;
  const parts = (body: Outgoing["body"], size: number | undefined): Outgoing => {
    const framing =
      size === undefined ? (chunked ? "transfer-encoding: chunked\r\n" : "") : `content-length: ${size}\r\n`;
    const path = options.base + context.path || "/";
    return {
      method,
      start: `${method} ${path}${context.search} HTTP/1.1\r\n`,
      rest: `${linesOf(request, context, options)}${framing}\r\n`,
      body,
      chunked,
      safe: safeMethods.has(method) && !(body instanceof ReadableStream),
    };
  };
  if (length === null && !chunked) return parts(undefined, undefined);
  const bytes = Number(length);
  if (chunked || bytes > small) return parts(request.body ?? undefined, chunked ? undefined : bytes);
  if (bytes === 0) return parts(undefined, 0);
  return request.bytes().then((body) => parts(body, body.byteLength));
}

function linesOf(
  { headers }: Request,
  context: Context,
  { secure, stripped, more = "" }: OutgoingOptions,
): string {
  const { gtxnid } = context;
  const ltxnid = context.nextCall();
  return (
    requestLines(headers, stripped) +
    forwardedLines(context, secure, true) +
    `x-gtxn-id: ${gtxnid}\r\nx-ltxn-id: ${ltxnid}\r\ntraceparent: ${toTraceparent(gtxnid, ltxnid)}\r\n${more}`
  );
}
