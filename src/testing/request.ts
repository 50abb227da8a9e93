import { basename } from "node:path";
import { SkitaiError } from "../errors.ts";

type Scalar = string | number | boolean | bigint;
type Value = Scalar | null | undefined;

/** Fields of a query or a form: an array repeats its name, `null` and `undefined` leave it out. */
export type Fields = URLSearchParams | Readonly<Record<string, Value | readonly Value[]>>;

/** The part after `?`; a string is taken as it is. */
export type Query = string | Fields;

/** Fields of a multipart form; `Bun.file("./photo.jpg")`, a `File` or a `Blob` become files. */
export type FileFields = Readonly<Record<string, Blob | Value | readonly (Blob | Value)[]>>;

/** One request; at most one of `json`, `form`, `multipart` and `body`. */
export interface RequestOptions {
  readonly query?: Query;
  /** Over the client's own headers. A `Host` selects a virtual host; a `Cookie` replaces the jar's. */
  readonly headers?: Bun.HeadersInit;
  /** Sent as `application/json`. */
  readonly json?: unknown;
  /** Sent as `application/x-www-form-urlencoded`. */
  readonly form?: Fields;
  /** Sent as `multipart/form-data`. */
  readonly multipart?: FileFields;
  /** Sent as it is. */
  readonly body?: Bun.BodyInit;
  /** `"follow"` stays on the server under test, at most 20 times. Default `"manual"`: the redirect is the result. */
  readonly redirect?: "manual" | "follow";
  /** Seconds until the request fails with a `TimeoutError`. Default 60. */
  readonly timeout?: number;
  /** `false` leaves a compressed body as it came. Default true. */
  readonly decompress?: boolean;
}

/** A body and the Content-Type it needs, where `fetch` does not set it by itself. */
export interface Encoded {
  readonly body?: Bun.BodyInit;
  readonly type?: string;
}

/**
 * The body of a request.
 * @throws SkitaiError OPTION_INVALID when more than one is given.
 */
export function encodeBody({ json, form, multipart, body }: RequestOptions): Encoded {
  const given = Object.entries({ json, form, multipart, body }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const value = given.map(([name]) => name).join(", ");
    throw new SkitaiError("OPTION_INVALID", {
      name: "body",
      value,
      accepted: "one of json, form, multipart, body",
    });
  }
  if (json !== undefined) return { body: JSON.stringify(json), type: "application/json" };
  if (form !== undefined) return { body: searchParams(form) };
  if (multipart !== undefined) return { body: formData(multipart) };
  // Bun leaves the type of text away that a fetch with Headers should add (Fetch, section 5.2).
  if (typeof body === "string") return { body, type: "text/plain;charset=UTF-8" };
  return body === undefined ? {} : { body };
}

/** `path` with `query` behind it. */
export function withQuery(path: string, query: Query | undefined): string {
  const text = typeof query === "string" ? query.replace(/^\?/, "") : query && searchParams(query).toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}

/** Whether `fetch` takes the value as a body; everything else is data to encode. */
export function isBody(data: unknown): data is Bun.BodyInit {
  return (
    typeof data === "string" ||
    data instanceof Blob ||
    data instanceof ArrayBuffer ||
    ArrayBuffer.isView(data) ||
    data instanceof FormData ||
    data instanceof URLSearchParams ||
    data instanceof ReadableStream
  );
}

function searchParams(fields: Fields): URLSearchParams {
  if (fields instanceof URLSearchParams) return fields;
  const params = new URLSearchParams();
  for (const [name, value] of entries(fields)) params.append(name, String(value));
  return params;
}

function formData(fields: FileFields): FormData {
  const form = new FormData();
  for (const [name, value] of entries(fields)) {
    if (value instanceof Blob) form.append(name, value, fileName(value));
    else form.append(name, String(value));
  }
  return form;
}

/** A browser sends the last part only; the name of a `Bun.file` is its whole path. */
function fileName(file: Blob & { readonly name?: string }): string {
  return basename(file.name ?? "blob");
}

function* entries<Item>(
  fields: Readonly<Record<string, Item | readonly Item[]>>,
): Generator<[string, NonNullable<Item>]> {
  for (const [name, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? (value as readonly Item[]) : [value as Item]) {
      if (item !== null && item !== undefined) yield [name, item];
    }
  }
}

/** `RequestOptions` of a verb that takes data, and how to send it. */
export interface DataOptions extends Omit<RequestOptions, "json" | "form" | "multipart" | "body"> {
  /**
   * Default: text, bytes, `Blob`, `FormData`, `URLSearchParams` and streams as they are, anything else as JSON.
   */
  readonly as?: "json" | "form" | "multipart";
}
