import { weakMatch } from "../http/etag.ts";
import type { Fields, RelayedRequest } from "../http/relay.ts";
import { endToEnd, valueOf, without } from "./fields.ts";

/** Of a 304 that describe what is stored already, and may not change it (RFC 9111 §3.2). */
const fixed: ReadonlySet<string> = new Set([
  "content-length",
  "content-encoding",
  "content-range",
  "content-type",
  "transfer-encoding",
]);
const conditional: ReadonlySet<string> = new Set(["if-none-match", "if-modified-since", "if-range", "range"]);

/** The request that validates what is stored: with its validators instead of the client's (RFC 9111 §4.3.1). */
export function validating(request: RelayedRequest, stored: Fields): RelayedRequest {
  const fields = [...without(request.fields, conditional)];
  const etag = valueOf(stored, "etag");
  const modified = valueOf(stored, "last-modified");
  if (etag !== undefined) fields.push(["If-None-Match", etag]);
  if (modified !== undefined) fields.push(["If-Modified-Since", modified]);
  return { ...request, fields };
}

/** Without conditions and ranges: the answer is whole. */
export const unconditional = (request: RelayedRequest): RelayedRequest => ({
  ...request,
  fields: without(request.fields, conditional),
});

/** Whether a 304, or the head of a 200, is about what is stored (RFC 9111 §4.3.4). */
export function concerns(answer: Fields, stored: Fields): boolean {
  const [etag, own] = [valueOf(answer, "etag"), valueOf(stored, "etag")];
  if (etag !== undefined) {
    return own !== undefined && (etag.startsWith("W/") ? weakMatch(etag, own) : etag === own);
  }
  const modified = valueOf(answer, "last-modified");
  return modified === undefined || modified === valueOf(stored, "last-modified");
}

/** What is stored with the fields of an answer that says it is still so (RFC 9111 §3.2, §4.3.4). */
export function merged(stored: Fields, answer: Fields): Fields {
  const fresh = endToEnd(answer).filter(([name]) => !fixed.has(name.toLowerCase()));
  // The age before is that of the message before, not of this one.
  const replaced = new Set([...fresh.map(([name]) => name.toLowerCase()), "age", "date"]);
  return [...without(stored, replaced), ...fresh];
}
