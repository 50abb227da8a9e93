import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { type Coding, negotiate } from "../http/accept-encoding.ts";
import { evaluate, rangeApplies, type Validators } from "../http/conditional.ts";
import { parseHttpDate } from "../http/http-date.ts";
import { isCompressible } from "../http/media-type.ts";
import { contentRange, parseRange, unsatisfiedRange } from "../http/range.ts";
import { givenBody } from "../http/response-body.ts";
import type { Exchange } from "./exchange.ts";

/** Shorter bodies fit one packet anyway. */
const minEncoded = 1024;
const offered: readonly Coding[] = ["zstd", "br", "gzip"];
const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

/** Made for each answer, so at a tenth of the cost of the levels for files, for a few percent more bytes. */
const encoders: Readonly<Record<Coding, (bytes: Uint8Array) => Promise<Uint8Array>>> = {
  zstd: (bytes) => Bun.zstdCompress(bytes as Uint8Array<ArrayBuffer>, { level: 3 }),
  br: (bytes) => brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: (bytes) => deflate(bytes, { level: 5 }),
};

type Finish = (exchange: Exchange, response: Response) => Response | Promise<Response>;

/**
 * What HTTP owes an app's answer: preconditions and ranges where it carries validators (RFC 9110 §13, §14), and a content
 * coding where its body is text of known length. Streams go out as they are. Spec S1, S3.
 */
export function finisher(compression: boolean): Finish {
  return (exchange, response) => {
    if (response.status !== 200) return response;
    const conditional =
      exchange.method === "GET" || exchange.method === "HEAD" ? conditioned(exchange, response) : response;
    return compression && conditional.status === 200 ? encoded(exchange, conditional) : conditional;
  };
}

function conditioned(exchange: Exchange, response: Response): Response {
  const etag = response.headers.get("etag") ?? undefined;
  const modified = response.headers.get("last-modified");
  const body = givenBody(response);
  if (etag === undefined && modified === null && !(body instanceof Blob)) return response;
  const validators = { etag, lastModified: modified === null ? undefined : parseHttpDate(modified) };
  switch (evaluate(exchange.method, exchange.headers, validators)) {
    case "not-modified":
      return without(response, 304);
    case "precondition-failed":
      return without(response, 412);
    case "proceed":
      return exchange.method === "GET" ? ranged(exchange, response, validators) : response;
  }
}

/** The same answer with another status and no body. */
function without(response: Response, status: number): Response {
  response.body?.cancel().catch(() => {});
  const headers = new Headers(response.headers);
  for (const name of ["content-type", "content-length", "content-encoding"]) headers.delete(name);
  return new Response(null, { status, headers });
}

/** Ranges of bodies whose length is known; several at once get the whole, which RFC 9110 §14.2 allows. */
function ranged(exchange: Exchange, response: Response, validators: Validators): Response {
  const field = exchange.headers.get("range");
  const body = givenBody(response);
  if (field === null || !(typeof body === "string" || body instanceof Blob || ArrayBuffer.isView(body)))
    return response;
  const blob = body instanceof Blob ? body : new Blob([body as string]);
  const ranges = rangeApplies(exchange.headers, validators) ? parseRange(field, blob.size) : undefined;
  const headers = new Headers(response.headers);
  if (ranges === "unsatisfiable") {
    headers.set("content-range", unsatisfiedRange(blob.size));
    return new Response(null, { status: 416, headers });
  }
  const range = ranges?.length === 1 ? ranges[0] : undefined;
  // Bun would honour the Range of a file body by itself, against what was decided: a stream stops it.
  if (range === undefined) return body instanceof Blob ? new Response(body.stream(), { headers }) : response;
  headers.set("content-range", contentRange(range, blob.size));
  if (!headers.has("content-type") && blob.type) headers.set("content-type", blob.type);
  return new Response(blob.slice(range.start, range.end), { status: 206, headers });
}

function encoded(exchange: Exchange, response: Response): Response | Promise<Response> {
  const body = givenBody(response);
  const long =
    typeof body === "string"
      ? body.length >= minEncoded
      : ArrayBuffer.isView(body) && body.byteLength >= minEncoded;
  if (!long) return response;
  const { headers } = response;
  const type = headers.get("content-type") ?? (typeof body === "string" ? "text/plain" : "");
  if (
    !isCompressible(type) ||
    headers.has("content-encoding") ||
    headers.get("cache-control")?.includes("no-transform")
  )
    return response;
  headers.append("vary", "accept-encoding");
  const coding = negotiate(exchange.headers.get("accept-encoding"), offered);
  return coding === undefined || coding === "identity"
    ? response
    : encode(response, body as string | Uint8Array, coding);
}

async function encode(response: Response, body: string | Uint8Array, coding: Coding): Promise<Response> {
  const bytes = await encoders[coding](typeof body === "string" ? Buffer.from(body) : body);
  const headers = new Headers(response.headers);
  headers.set("content-encoding", coding);
  headers.delete("content-length");
  const etag = headers.get("etag");
  // Another coding is another representation: only weakly the same (RFC 9110 §8.8.3).
  if (etag !== null && !etag.startsWith("W/")) headers.set("etag", `W/${etag}`);
  if (!headers.has("content-type")) headers.set("content-type", "text/plain;charset=utf-8");
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    status: response.status,
    statusText: response.statusText,
    headers,
  });
}
