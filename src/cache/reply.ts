import { evaluate, rangeApplies, type Validators } from "../http/conditional.ts";
import { parseHttpDate } from "../http/http-date.ts";
import { contentRange, parseRange, unsatisfiedRange } from "../http/range.ts";
import type { Fields, RelayedAnswer } from "../http/relay.ts";
import type { Asked } from "./asked.ts";
import type { Entry } from "./entry.ts";
import { valueOf, without } from "./fields.ts";

/** What a 304 leaves away of what describes the content (RFC 9110 §15.4.5). */
const ofContent: ReadonlySet<string> = new Set([
  "content-length",
  "content-type",
  "content-encoding",
  "content-language",
  "content-range",
]);
const length: ReadonlySet<string> = new Set(["content-length"]);
const asking = ["if-none-match", "if-modified-since", "if-range"];

/**
 * What a request gets from an entry: all of it, its head, a part, or that nothing changed.
 * @param how the rest of `Cache-Status`
 * @returns `undefined` when a body on disk is gone
 */
export function replyFrom(entry: Entry, asked: Asked, now: number, how: string): RelayedAnswer | undefined {
  const { stored } = entry;
  const fields = entry.head(now, how);
  const { method } = asked.request;
  // Preconditions are for what would be a 200 (RFC 9110 §13.2.1).
  if (stored.status === 200 && (asked.conditional || asked.range)) {
    const validators = validatorsOf(stored.fields);
    const headers = conditions(asked.request.fields);
    if (asked.conditional && evaluate(method, headers, validators) === "not-modified")
      return {
        status: 304,
        reason: "Not Modified",
        fields: without(fields, ofContent),
        body: null,
        length: 0,
      };
    if (asked.range && method === "GET" && rangeApplies(headers, validators)) {
      const part = partOf(entry, asked, fields);
      if (part !== "whole") return part;
    }
  }
  const { length } = entry.body;
  const head = { status: stored.status, reason: stored.reason, fields, length };
  if (method === "HEAD" || stored.status === 204) return { ...head, body: null };
  const body = bytesOf(entry, 0, length);
  return body === undefined ? undefined : { ...head, body };
}

/** One range; several get the whole, which is always right (RFC 9110 §14.2). */
function partOf(entry: Entry, { request }: Asked, fields: Fields): RelayedAnswer | undefined | "whole" {
  const size = entry.body.length;
  const ranges = parseRange(valueOf(request.fields, "range") ?? "", size);
  if (ranges === undefined || (ranges !== "unsatisfiable" && ranges.length !== 1)) return "whole";
  const rest = without(fields, length);
  if (ranges === "unsatisfiable") {
    const described: Fields = [...rest, ["Content-Range", unsatisfiedRange(size)], ["Content-Length", "0"]];
    return { status: 416, reason: "Range Not Satisfiable", fields: described, body: null, length: 0 };
  }
  const [range] = ranges;
  const count = range!.end - range!.start;
  const body = bytesOf(entry, range!.start, range!.end);
  if (body === undefined) return undefined;
  return {
    status: 206,
    reason: "Partial Content",
    fields: [...rest, ["Content-Range", contentRange(range!, size)], ["Content-Length", String(count)]],
    body,
    length: count,
  };
}

const bytesOf = ({ body }: Entry, start: number, end: number): RelayedAnswer["body"] | undefined =>
  body instanceof Uint8Array ? body.subarray(start, end) : body.open(start, end);

export function validatorsOf(fields: Fields): Validators {
  const modified = valueOf(fields, "last-modified");
  return {
    etag: valueOf(fields, "etag"),
    lastModified: modified === undefined ? undefined : parseHttpDate(modified),
  };
}

function conditions(fields: Fields): Headers {
  const headers = new Headers();
  for (const name of asking) {
    const value = valueOf(fields, name);
    if (value !== undefined) headers.set(name, value);
  }
  return headers;
}
