import { listMatches, strongMatch, weakMatch } from "./etag.ts";
import { parseHttpDate } from "./http-date.ts";

/** What a representation can be told apart by. */
export interface Validators {
  /** Entity tag with its quotes: `"abc"` or `W/"abc"`. */
  readonly etag?: string | undefined;
  /** Milliseconds since the epoch, whole seconds: as `Last-Modified` says it. */
  readonly lastModified?: number | undefined;
}

export type Precondition = "proceed" | "not-modified" | "precondition-failed";

/**
 * RFC 9110 §13.2.2, steps 1 to 4, for a resource that has a representation. Step 5 is `rangeApplies`.
 * `not-modified` is said of GET and HEAD only.
 */
export function evaluate(method: string, headers: Headers, validators: Validators): Precondition {
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null) {
    if (!tagListed(ifMatch, validators, strongMatch)) return "precondition-failed";
  } else {
    const since = headers.get("if-unmodified-since");
    if (since !== null && modifiedSince(since, validators) === true) return "precondition-failed";
  }
  const safe = method === "GET" || method === "HEAD";
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) {
    if (!tagListed(ifNoneMatch, validators, weakMatch)) return "proceed";
    return safe ? "not-modified" : "precondition-failed";
  }
  if (!safe) return "proceed";
  const since = headers.get("if-modified-since");
  return since !== null && modifiedSince(since, validators) === false ? "not-modified" : "proceed";
}

/**
 * RFC 9110 §13.1.5: whether a Range may be honoured. True without If-Range. A tag must match strongly, a date exactly:
 * the client has a part of exactly this representation or must get the whole.
 */
export function rangeApplies(headers: Headers, validators: Validators): boolean {
  const ifRange = headers.get("if-range");
  if (ifRange === null) return true;
  if (ifRange.startsWith('"') || ifRange.startsWith("W/")) {
    return validators.etag !== undefined && strongMatch(ifRange, validators.etag);
  }
  return validators.lastModified !== undefined && parseHttpDate(ifRange) === validators.lastModified;
}

function tagListed(list: string, { etag }: Validators, matches: typeof weakMatch): boolean {
  return list.trim() === "*" || (etag !== undefined && listMatches(list, etag, matches));
}

/** `undefined`: no valid date on one side, so the field is ignored (RFC 9110 §13.1.3, §13.1.4). */
function modifiedSince(date: string, { lastModified }: Validators): boolean | undefined {
  if (lastModified === undefined) return undefined;
  const since = parseHttpDate(date);
  return since === undefined ? undefined : lastModified > since;
}

/** Whether a request asks anything of validators or ranges: most do not, and their answers need no look. */
export const isConditional = (headers: Headers): boolean =>
  headers.get("if-none-match") !== null ||
  headers.get("if-modified-since") !== null ||
  headers.get("range") !== null ||
  headers.get("if-match") !== null ||
  headers.get("if-unmodified-since") !== null;
