import type { Duration } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import type { Call } from "./backend.ts";
import type { CacheUse } from "./result-cache.ts";

/** What a call of HTTP is made of. Spec Q2. */
export interface HttpOptions extends CacheUse {
  /** Over the defaults: JSON as content and as what is accepted. */
  headers?: Record<string, string> | Headers | readonly (readonly [string, string])[];
  /** Longest time from now. Default 10 s, or what the alias says. */
  timeout?: Duration;
  /** Longest time until the head of the answer is there; connecting counts. Default: no limit of its own. */
  firstByteTimeout?: Duration;
  /**
   * Default `"follow"`: calls of an alias within the origin of their member, a redirect to another one is their answer; calls
   * of a URL wherever it leads.
   */
  redirect?: "follow" | "manual";
  /**
   * How often an answer of 429 or 503 is asked for again, when sending twice does no harm: after its `Retry-After`, when that
   * is in time. Default 0.
   */
  retries?: number;
  /** Largest answer, bytes. Default 64 MiB. */
  maxBytes?: number;
  /** `result.data` is a stream of bytes, which the caller has to read. Default false. */
  stream?: boolean;
}

/** What may be sent: an object or a list goes as JSON, or as a form when the headers say so. */
export type HttpData =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream<Uint8Array>
  | object
  | number
  | boolean
  | null
  | undefined;

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE";

export interface HttpCall extends Call {
  readonly method: HttpMethod;
  /** With its query, starts with `/`. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bun.BodyInit | undefined;
  /** ms */
  readonly firstByte: number | undefined;
  readonly redirect: "follow" | "manual";
  readonly retries: number;
  readonly maxBytes: number;
  readonly stream: boolean;
}

const json = "application/json";
const largest = 64 * 1024 ** 2;
/** Sending these twice does what sending them once does (RFC 9110 §9.2.2). */
const idempotent = new Set<string>(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);
/** Those whose results may be kept. */
const cacheable = new Set<string>(["GET", "HEAD", "OPTIONS", "POST"]);

/**
 * @param path of the URL, with or without query
 * @throws SkitaiError OPTION_INVALID for data that cannot be sent
 */
export function httpCall(
  method: HttpMethod,
  path: string,
  data: HttpData,
  options: HttpOptions,
  firstByte: number | undefined,
): HttpCall {
  const headers = headersOf(options.headers);
  const asQuery = (method === "GET" || method === "HEAD" || method === "DELETE") && isRecord(data);
  const body = asQuery || data === undefined ? undefined : bodyOf(data, headers);
  const full = asQuery ? withQuery(path, data) : path;
  const { redirect = "follow", retries = 0, maxBytes = largest, stream = false } = options;
  const shown = full.indexOf("?");
  return {
    label: `${method} ${shown < 0 ? full : full.slice(0, shown)}`,
    idempotent: idempotent.has(method) && !(body instanceof ReadableStream),
    method,
    path: full,
    headers,
    body,
    firstByte,
    redirect,
    retries,
    maxBytes,
    stream,
    ...(cacheable.has(method) && !stream && isText(body)
      ? { cacheKey: () => keyOf(method, full, headers, body) }
      : {}),
  };
}

/** Copied, as what accepts JSON. */
export function headersOf(given: HttpOptions["headers"]): Record<string, string> {
  const headers: Record<string, string> = { accept: json };
  if (given === undefined) return headers;
  const entries = Symbol.iterator in given ? given : Object.entries(given);
  for (const [name, value] of entries as Iterable<[string, string]>) headers[name.toLowerCase()] = value;
  return headers;
}

const isText = (body: Bun.BodyInit | undefined): body is string | undefined =>
  body === undefined || typeof body === "string";

/** Method, target, body and all headers that the caller gave: what else could make the answer another? */
function keyOf(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | undefined,
): string {
  let key = `${method} ${path}`;
  for (const name in headers) key += `\n${name}:${headers[name]}`;
  return `${key}\n\n${body ?? ""}`;
}

const isRecord = (data: HttpData): data is Record<string, unknown> =>
  typeof data === "object" && data !== null && Object.getPrototypeOf(data) === Object.prototype;

function bodyOf(data: HttpData, headers: Record<string, string>): Bun.BodyInit {
  if (data instanceof FormData || data instanceof URLSearchParams) {
    // Who sends it knows its boundary.
    delete headers["content-type"];
    return data;
  }
  if (data instanceof Blob) return data;
  const type = headers["content-type"];
  if (data instanceof ReadableStream || data instanceof Uint8Array || data instanceof ArrayBuffer) {
    if (type === undefined) headers["content-type"] = "application/octet-stream";
    return data as Bun.BodyInit;
  }
  if (typeof data === "string") {
    if (type === undefined) headers["content-type"] = "text/plain;charset=utf-8";
    return data;
  }
  if (type?.startsWith("application/x-www-form-urlencoded"))
    return new URLSearchParams(pairs(data)).toString();
  if (type?.startsWith("multipart/form-data")) return formOf(data, headers);
  if (type === undefined) headers["content-type"] = json;
  return asJson(data);
}

function asJson(data: HttpData): string {
  try {
    const text = JSON.stringify(data);
    if (text !== undefined) return text;
  } catch (cause) {
    throw new SkitaiError("OPTION_INVALID", { name: "data of a call", accepted: "what JSON can say", cause });
  }
  throw new SkitaiError("OPTION_INVALID", {
    name: "data of a call",
    value: data,
    accepted: "what JSON can say",
  });
}

/** The boundary is set by who sends it. */
function formOf(data: HttpData, headers: Record<string, string>): FormData {
  delete headers["content-type"];
  const form = new FormData();
  for (const [name, value] of Object.entries(Object(data)))
    for (const each of Array.isArray(value) ? value : [value])
      form.append(name, each instanceof Blob ? each : String(each));
  return form;
}

const pairs = (data: HttpData): [string, string][] =>
  Object.entries(Object(data)).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((each) => each !== undefined && each !== null)
      .map((each): [string, string] => [name, String(each)]),
  );

function withQuery(path: string, data: Record<string, unknown>): string {
  const query = new URLSearchParams(pairs(data)).toString();
  if (query === "") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}
