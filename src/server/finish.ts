import { evaluate, isConditional, rangeApplies, type Validators } from "../http/conditional.ts";
import { parseHttpDate } from "../http/http-date.ts";
import { type ByteRange, contentRange, multipartParts, parseRange, unsatisfiedRange } from "../http/range.ts";
import { givenBody } from "../http/response-body.ts";
import { encoded, varyByEncoding } from "./encoding.ts";
import type { Exchange } from "./exchange.ts";

type Finish = (exchange: Exchange, response: Response) => Response | Promise<Response>;

/**
 * What HTTP owes an app's answer: preconditions and ranges where it carries validators (RFC 9110 §13, §14), and a content
 * coding where its body is text of known length. Streams go out as they are. Spec S1, S3.
 */
export function finisher(compression: boolean): Finish {
  return (exchange, response) => {
    const varies = compression && varyByEncoding(response);
    const whole = response.status === 200 ? conditioned(exchange, response) : response;
    return varies && whole === response ? encoded(exchange, response) : whole;
  };
}

/** The same response when the whole of it is to be sent. */
function conditioned(exchange: Exchange, response: Response): Response {
  const { method, headers } = exchange;
  if ((method !== "GET" && method !== "HEAD") || !isConditional(headers)) return response;
  const etag = response.headers.get("etag") ?? undefined;
  const modified = response.headers.get("last-modified");
  if (etag === undefined && modified === null && !(givenBody(response) instanceof Blob)) return response;
  const validators = { etag, lastModified: modified === null ? undefined : parseHttpDate(modified) };
  switch (evaluate(method, headers, validators)) {
    case "not-modified":
      return without(response, 304);
    case "precondition-failed":
      return without(response, 412);
    case "proceed":
      return method === "GET" ? ranged(headers, response, validators) : response;
  }
}

/** The same answer with another status and no body. */
function without(response: Response, status: number): Response {
  response.body?.cancel().catch(() => {});
  const headers = new Headers(response.headers);
  for (const name of ["content-type", "content-length", "content-encoding"]) headers.delete(name);
  return new Response(null, { status, headers });
}

/** Ranges of a body whose length is known and whose bytes are the representation itself. */
function ranged(request: Headers, response: Response, validators: Validators): Response {
  const field = request.get("range");
  const blob = field === null ? undefined : blobOf(response);
  if (field === null || blob === undefined) return response;
  const ranges = rangeApplies(request, validators) ? parseRange(field, blob.size) : undefined;
  if (ranges === "unsatisfiable") return unsatisfied(response, blob.size);
  const [range, ...more] = ranges ?? [];
  if (range === undefined) return response;
  if (more.length === 0) return part(response, blob, range);
  // Several ranges of a file get the whole, which RFC 9110 §14.2 allows: directories are the place for large files.
  const isFile = typeof (blob as Blob & { readonly name?: string }).name === "string";
  return isFile ? response : parts(response, blob, [range, ...more]);
}

/** The body of a response as a blob; `undefined` when it cannot be cut. */
function blobOf(response: Response): Blob | undefined {
  const body = givenBody(response);
  if (response.headers.has("content-encoding")) return undefined;
  if (body instanceof Blob) return body;
  if (typeof body === "string") return new Blob([body], { type: "text/plain;charset=utf-8" });
  if (body instanceof ArrayBuffer) return new Blob([body]);
  return ArrayBuffer.isView(body) ? new Blob([body as Uint8Array<ArrayBuffer>]) : undefined;
}

/** A copy, with the type that Bun would add by itself. */
function headersOf(response: Response, blob: Blob): Headers {
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  if (!headers.has("content-type") && blob.type) headers.set("content-type", blob.type);
  return headers;
}

function unsatisfied(response: Response, size: number): Response {
  const refusal = without(response, 416);
  refusal.headers.set("content-range", unsatisfiedRange(size));
  return refusal;
}

function part(response: Response, blob: Blob, range: ByteRange): Response {
  const headers = headersOf(response, blob);
  headers.set("content-range", contentRange(range, blob.size));
  return new Response(blob.slice(range.start, range.end), { status: 206, headers });
}

function parts(response: Response, blob: Blob, ranges: readonly ByteRange[]): Response {
  const headers = headersOf(response, blob);
  const boundary = crypto.randomUUID();
  const type = headers.get("content-type") ?? "application/octet-stream";
  headers.set("content-type", `multipart/byteranges; boundary=${boundary}`);
  const pieces = multipartParts(ranges, blob.size, type, boundary).map((piece) =>
    typeof piece === "string" ? piece : blob.slice(piece.start, piece.end),
  );
  return new Response(new Blob(pieces), { status: 206, headers });
}
