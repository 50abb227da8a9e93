import CachePolicy from "http-cache-semantics";
import { formatHttpDate, parseHttpDate } from "../http/http-date.ts";
import type { Fields, RelayedAnswer } from "../http/relay.ts";
import type { Asked } from "./asked.ts";
import { type Directives, formatDirectives, parseDirectives, secondsFrom } from "./directives.ts";
import { endToEnd, listOf, sizeOf, valueOf, without } from "./fields.ts";
import { parseTargeted } from "./targeted.ts";
import { varyNames } from "./vary.ts";

/** Largest head that is kept, in bytes. */
const largestFields = 32 * 1024;
/** Statuses whose meaning this cache knows (RFC 9111 §5.2.2.3). */
const understood: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501,
]);

/**
 * Directives that the library is told of: it knows no quotes, so that others could smuggle some in. Not proxy-revalidate,
 * which it takes for stale at once.
 */
const decisive: ReadonlySet<string> = new Set([
  "max-age",
  "s-maxage",
  "no-store",
  "no-cache",
  "private",
  "public",
  "must-revalidate",
  "immutable",
]);

/** For how long, and how, an answer may be used again. Times in seconds, moments in ms since 1970. */
export interface Freshness {
  /** When its age was 0. */
  readonly generated: number;
  readonly lifetime: number;
  /** RFC 5861 §3. */
  readonly whileRevalidate: number;
  /** RFC 5861 §4. */
  readonly ifError: number;
  /** Never to be used stale, whatever a request allows. */
  readonly strict: boolean;
  /** For requests with Authorization, too (RFC 9111 §3.5). */
  readonly forAuthorized: boolean;
}

/** What is kept of an answer. */
export interface Verdict {
  readonly freshness: Freshness;
  /** Without what is of one connection, or not to be used again. */
  readonly fields: Fields;
  /** Names whose values in the request select it. */
  readonly names: readonly string[];
}

/** When an exchange with the upstream began and its answer came, in ms since 1970. */
export interface Times {
  readonly requested: number;
  readonly received: number;
}

/**
 * Whether an answer is stored, and what of it (RFC 9111 §3). `undefined`: it is not. The decisions are those of
 * http-cache-semantics; what it does not know is done before it is asked: quoted and repeated directives, targeted
 * fields, must-understand, fields that are private, cookies, unknown statuses.
 */
export function judge(asked: Asked, answer: Omit<RelayedAnswer, "body">, times: Times): Verdict | undefined {
  const { status } = answer;
  if (asked.request.method !== "GET" || status === 206 || status === 304 || status < 200) return undefined;
  const names = varyNames(valueOf(answer.fields, "vary"));
  if (names === undefined || sizeOf(answer.fields) > largestFields) return undefined;
  const targeted = parseTargeted(valueOf(answer.fields, "cdn-cache-control"));
  const said = targeted ?? parseDirectives(valueOf(answer.fields, "cache-control"));
  if (said.has("must-understand") && !understood.has(status)) return undefined;
  const fields = withoutPrivate(endToEnd(answer.fields), said);
  // A cookie is for one client, unless the origin says of it that it is not.
  if (!said.has("public") && valueOf(fields, "set-cookie") !== undefined) return undefined;
  const lifetime = lifetimeOf(asked, answer, said, targeted !== undefined, times);
  if (lifetime === undefined) return undefined;
  const freshness = freshnessOf(answer.fields, said, lifetime, times);
  const { whileRevalidate, ifError } = freshness;
  const useful =
    (lifetime > 0 && freshness.generated + lifetime * 1000 > times.received) ||
    whileRevalidate + ifError > 0 ||
    hasValidator(fields);
  return useful ? { freshness, fields: dated(fields, times), names } : undefined;
}

export const hasValidator = (fields: Fields): boolean =>
  valueOf(fields, "etag") !== undefined || valueOf(fields, "last-modified") !== undefined;

/** `private="a"` and `no-cache="a"`: kept without these fields (RFC 9111 §5.2.2.4, §5.2.2.7). */
function withoutPrivate(fields: Fields, said: Directives): Fields {
  const names = ["private", "no-cache"].flatMap((name) => {
    const value = said.get(name);
    return typeof value === "string" ? listOf(value) : [];
  });
  return names.length === 0 ? fields : without(fields, new Set(names));
}

/** RFC 9110 §6.6.1: an answer that is kept has a date. */
const dated = (fields: Fields, { received }: Times): Fields =>
  valueOf(fields, "date") === undefined ? [...fields, ["Date", formatHttpDate(received)]] : fields;

/** `undefined`: not to be stored. */
function lifetimeOf(
  asked: Asked,
  { status, fields }: Omit<RelayedAnswer, "body">,
  said: Directives,
  targeted: boolean,
  times: Times,
): number | undefined {
  const policy = new CachePolicy(
    { method: "GET", url: asked.request.url, headers: requestHeaders(asked) },
    { status: statusFor(status, said), headers: answerHeaders(fields, said, targeted, times) },
    { shared: true },
  );
  return policy.storable() ? policy.maxAge() : undefined;
}

/** With a lifetime that is said, any final status may be stored (RFC 9111 §3). */
function statusFor(status: number, said: Directives): number {
  const explicit = said.has("max-age") || said.has("s-maxage");
  return explicit && !understood.has(status) ? 200 : status;
}

function requestHeaders({ authorized, directives }: Asked): Record<string, string> {
  return {
    ...(authorized ? { authorization: "present" } : {}),
    ...(directives.has("no-store") ? { "cache-control": "no-store" } : {}),
  };
}

function answerHeaders(
  fields: Fields,
  said: Directives,
  targeted: boolean,
  { received }: Times,
): Record<string, string> {
  const plain = new Map<string, string | true>();
  for (const [name, value] of said) {
    if (!decisive.has(name) || (name === "no-store" && said.has("must-understand"))) continue;
    if (name === "private" || name === "no-cache") {
      // An empty list of fields is taken for all of them.
      if (value === true || value === "") plain.set(name, true);
      continue;
    }
    plain.set(name, name === "max-age" || name === "s-maxage" ? String(secondsFrom(value)) : value);
  }
  const headers: Record<string, string> = {
    date: formatHttpDate(parseHttpDate(valueOf(fields, "date") ?? "") ?? received),
  };
  if (plain.size > 0) headers["cache-control"] = formatDirectives(plain);
  const expires = valueOf(fields, "expires");
  // RFC 9213 §2.2: a targeted field stands for all others. RFC 9111 §5.3: what is no date is in the past.
  if (expires !== undefined && !targeted) headers["expires"] = formatHttpDate(parseHttpDate(expires) ?? 1000);
  for (const name of targeted ? ["last-modified"] : ["last-modified", "pragma"]) {
    const value = valueOf(fields, name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}

function freshnessOf(fields: Fields, said: Directives, lifetime: number, times: Times): Freshness {
  const strict = ["must-revalidate", "proxy-revalidate", "s-maxage", "no-cache"].some(
    (name) => said.has(name) && (name !== "no-cache" || typeof said.get(name) !== "string"),
  );
  // RFC 5861 is an explicit permission; only the two that forbid it in so many words, and no-cache, take it back.
  const forbidden =
    said.has("must-revalidate") || said.has("proxy-revalidate") || said.get("no-cache") === true;
  return {
    generated: times.received - initialAge(fields, times) * 1000,
    lifetime,
    whileRevalidate: forbidden ? 0 : secondsFrom(said.get("stale-while-revalidate")),
    ifError: forbidden ? 0 : secondsFrom(said.get("stale-if-error")),
    strict,
    forAuthorized: said.has("public") || said.has("s-maxage") || said.has("must-revalidate"),
  };
}

/** RFC 9111 §4.2.3, in seconds. */
function initialAge(fields: Fields, { requested, received }: Times): number {
  const date = parseHttpDate(valueOf(fields, "date") ?? "");
  // `Date` has whole seconds: less than one is no age.
  const apparent = date === undefined ? 0 : Math.floor((received - date) / 1000);
  // Of several the first counts, and what is no number does not (RFC 9111 §5.1).
  const said = secondsFrom(valueOf(fields, "age")?.split(",")[0]?.trim());
  return Math.max(0, apparent, said + (received - requested) / 1000);
}
