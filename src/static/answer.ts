import { evaluate, rangeApplies } from "../http/conditional.ts";
import { contentRange, multipartParts, parseRange, unsatisfiedRange } from "../http/range.ts";
import type { ByteRange } from "../http/range.ts";
import type { Representation } from "./representation.ts";
import { streamParts } from "./transfer.ts";

/** Answers GET or HEAD with a representation: preconditions, then Range (RFC 9110 §13.2.2). Spec S1. */
export function answer(representation: Representation, { method, headers }: Request): Response {
  const precondition = evaluate(method, headers, representation);
  if (precondition === "not-modified") return new Response(null, representation.notModified);
  if (precondition === "precondition-failed") return refusal(412, representation);
  // Range is defined for GET only (RFC 9110 §14.2). A null body keeps every header, Content-Length included.
  if (method === "HEAD") return new Response(null, representation.init);
  const range = headers.get("range");
  if (range === null) return new Response(representation.content.body, representation.init);
  const ranges = rangesOf(representation, range, headers);
  if (ranges === undefined) return whole(representation);
  if (ranges === "unsatisfiable") return unsatisfiable(representation);
  const [first] = ranges;
  return ranges.length === 1 && first !== undefined
    ? single(representation, first)
    : several(representation, ranges);
}

/** The client refuses every coding there is, and identity too (RFC 9110 §12.5.3). */
export const notAcceptable = (): Response =>
  new Response(null, { status: 406, headers: { vary: "Accept-Encoding" } });

/** A coded representation is sent whole: ranges of it would depend on how it was coded. */
function rangesOf(
  representation: Representation,
  field: string,
  headers: Headers,
): ReturnType<typeof parseRange> {
  if (representation.coding !== undefined || !rangeApplies(headers, representation)) return undefined;
  return parseRange(field, representation.size);
}

/**
 * All of it although there is a Range. Bun applies a Range to a file body of status 200 by itself (1.4.5: of a coded one
 * too; versions before it without a look at If-Range, which mixes two versions in a resumed download). Not to a stream.
 */
function whole({ content, init, size }: Representation): Response {
  return new Response(
    content.inMemory ? content.body : streamParts(content, [{ start: 0, end: size }]),
    init,
  );
}

function single(representation: Representation, range: ByteRange): Response {
  const headers = representation.partialHeaders();
  headers.set("content-range", contentRange(range, representation.size));
  headers.set("content-length", String(range.end - range.start));
  return new Response(representation.content.body.slice(range.start, range.end), { status: 206, headers });
}

function several(representation: Representation, ranges: readonly ByteRange[]): Response {
  const { content, size, type } = representation;
  const boundary = crypto.randomUUID();
  const parts = multipartParts(ranges, size, type, boundary);
  const headers = representation.partialHeaders();
  headers.set("content-type", `multipart/byteranges; boundary=${boundary}`);
  const slice = (part: string | ByteRange) =>
    typeof part === "string" ? part : content.body.slice(part.start, part.end);
  return new Response(content.inMemory ? new Blob(parts.map(slice)) : streamParts(content, parts), {
    status: 206,
    headers,
  });
}

function unsatisfiable(representation: Representation): Response {
  const response = refusal(416, representation);
  response.headers.set("content-range", unsatisfiedRange(representation.size));
  return response;
}

const refusal = (status: 412 | 416, { etag }: Representation): Response =>
  new Response(null, { status, headers: { etag } });
