import type { Fields, RelayedRequest } from "../http/relay.ts";
import { type Directives, parseDirectives, secondsFrom } from "./directives.ts";
import { valueOf } from "./fields.ts";
import { keyOf } from "./key.ts";

/** Fields by which a request asks more than "give me this". */
const marks: ReadonlyMap<string, number> = new Map(
  Object.entries({
    "cache-control": 1,
    pragma: 1,
    range: 2,
    "if-range": 2,
    "if-none-match": 4,
    "if-modified-since": 4,
    authorization: 8,
    // What only the origin may evaluate, or what makes it another request than the URL says (RFC 9110 §13.1.1, §13.1.4).
    "if-match": 16,
    "if-unmodified-since": 16,
    "x-http-method": 16,
    "x-http-method-override": 16,
    "x-method-override": 16,
    "x-original-url": 16,
    "x-rewrite-url": 16,
    // A body: two requests that differ by it alone would share an entry.
    "content-length": 32,
    "transfer-encoding": 16,
    // It may name any field: the origin does not see that one, and its answer would be kept for those whose it sees.
    connection: 64,
  }),
);
const lengths: readonly boolean[] = Array.from({ length: 32 }, (_, length) =>
  [...marks.keys()].some((name) => name.length === length),
);

const directivesMark = 1;
const rangeMark = 2;
const conditionMark = 4;
const authorizationMark = 8;
const bypassMark = 16;

/** A `Connection` that takes no field off which answers may vary by. */
const hopOnly = /^(?:(?:keep-alive|close|te|upgrade|http2-settings)(?:\s*,\s*|$))*$/i;

/** 0 for a request that a fresh entry answers without another look at it. */
export function marksOf(fields: Fields): number {
  let found = 0;
  for (const [name, value] of fields) {
    if (lengths[name.length] !== true) continue;
    const mark = marks.get(name) ?? marks.get(name.toLowerCase());
    if (mark === undefined) continue;
    if (mark === 32) found |= value === "0" ? 0 : bypassMark;
    else if (mark === 64) found |= hopOnly.test(value) ? 0 : bypassMark;
    else found |= mark;
  }
  return found;
}

const none: Directives = new Map();

/** Names of fields, lower case. */
export interface Names {
  has(name: string): boolean;
}

/** A request as the cache sees it. */
export interface Asked {
  readonly request: RelayedRequest;
  /** `undefined`: not for the cache. */
  readonly key: string | undefined;
  readonly directives: Directives;
  /** The client wants it validated first. */
  readonly noCache: boolean;
  readonly range: boolean;
  readonly conditional: boolean;
  readonly authorized: boolean;
  /** Equal ones may share one answer. */
  readonly plain: boolean;
  readonly unseen: Names | undefined;
}

/**
 * @param body it has one, though its fields may not say so
 * @param unseen of `AnswerOptions`
 */
export function readRequest(request: RelayedRequest, body: boolean, unseen?: Names): Asked {
  const { method, url, fields } = request;
  const found = marksOf(fields);
  const kept = (method === "GET" || method === "HEAD") && !body && (found & bypassMark) === 0;
  const said = (found & directivesMark) === 0 ? undefined : valueOf(fields, "cache-control");
  const directives = said === undefined ? none : parseDirectives(said);
  const pragma = said === undefined && (found & directivesMark) !== 0;
  return {
    request,
    key: kept ? keyOf(url) : undefined,
    directives,
    // RFC 9111 §5.4: counts only where Cache-Control says nothing.
    noCache:
      directives.has("no-cache") || (pragma && parseDirectives(valueOf(fields, "pragma")).has("no-cache")),
    range: (found & rangeMark) !== 0,
    conditional: (found & conditionMark) !== 0,
    authorized: (found & authorizationMark) !== 0,
    plain: method === "GET" && found === 0,
    unseen,
  };
}

/** Seconds that a directive of the request allows; `undefined` when it does not say. */
export const secondsOf = ({ directives }: Asked, name: string): number | undefined =>
  directives.has(name) ? secondsFrom(directives.get(name)) : undefined;
