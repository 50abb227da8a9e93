import type { DataOptions, FileFields, Query, RequestOptions } from "./request.ts";
import type { Result } from "./result.ts";
import { SkitaiError } from "../errors.ts";

/** One part of a path; it is percent-encoded, so `"a/b"` stays one. `""` at the end is the trailing slash. */
export type Segment = string | number | bigint | boolean;

/** What a stub needs of a client. */
interface Verbs {
  get<Data>(path: string, options: RequestOptions): Promise<Result<Data>>;
  delete<Data>(path: string, options: RequestOptions): Promise<Result<Data>>;
  post<Data>(path: string, data: unknown, options?: DataOptions): Promise<Result<Data>>;
  put<Data>(path: string, data: unknown, options?: DataOptions): Promise<Result<Data>>;
  patch<Data>(path: string, data: unknown, options?: DataOptions): Promise<Result<Data>>;
  upload<Data>(path: string, fields: FileFields, options?: DataOptions): Promise<Result<Data>>;
}

/** What ends a stub: the requests to its path. */
export class StubCalls {
  readonly #client: Verbs;
  readonly #path: string;

  constructor(client: Verbs, path: string) {
    this.#client = client;
    this.#path = path;
  }

  get<Data = unknown>(query?: Query, options?: RequestOptions): Promise<Result<Data>> {
    return this.#client.get(this.#path, withoutBody(query, options));
  }

  delete<Data = unknown>(query?: Query, options?: RequestOptions): Promise<Result<Data>> {
    return this.#client.delete(this.#path, withoutBody(query, options));
  }

  post<Data = unknown>(data?: unknown, options?: DataOptions): Promise<Result<Data>> {
    return this.#client.post(this.#path, data, options);
  }

  put<Data = unknown>(data?: unknown, options?: DataOptions): Promise<Result<Data>> {
    return this.#client.put(this.#path, data, options);
  }

  patch<Data = unknown>(data?: unknown, options?: DataOptions): Promise<Result<Data>> {
    return this.#client.patch(this.#path, data, options);
  }

  upload<Data = unknown>(fields: FileFields, options?: DataOptions): Promise<Result<Data>> {
    return this.#client.upload(this.#path, fields, options);
  }
}

/**
 * A path that grows by properties and calls, ended by a verb: `stub.apis.pets(45).get({ x: 1 })` is
 * `GET /apis/pets/45?x=1`. A segment named like a verb, `then`, or a member of functions (`name`, `call` …) goes
 * through a call: `stub("get")`. `Names` are the properties in use; all strings by default.
 */
export type Stub<Names extends string = string> = StubCalls &
  ((...segments: Segment[]) => Stub<Names>) & {
    readonly [Name in Exclude<Names, keyof StubCalls>]: Stub<Names>;
  };

/** @param path the path so far, encoded, without a trailing slash; `""` is the root. */
export function createStub<Names extends string>(client: Verbs, path: string): Stub<Names> {
  const append = (...segments: Segment[]) => createStub<Names>(client, path + segments.map(encode).join(""));
  const calls = new StubCalls(client, path);
  return new Proxy(append, { get: (_, key) => member(key, calls, append) }) as unknown as Stub<Names>;
}

function member(key: string | symbol, calls: StubCalls, append: (segment: string) => unknown): unknown {
  // A stub with a `then` could not be awaited or returned from an async function.
  if (typeof key === "symbol" || key === "then") return undefined;
  if (key === "constructor" || !(key in StubCalls.prototype)) return append(key);
  const call: unknown = Reflect.get(calls, key);
  return typeof call === "function" ? call.bind(calls) : append(key);
}

function encode(segment: Segment): string {
  const text = String(segment);
  // URL resolves these even when they are encoded (WHATWG URL, double-dot path segment).
  if (text === "." || text === "..") {
    throw new SkitaiError("OPTION_INVALID", {
      name: "path segment",
      value: text,
      accepted: "anything but . and ..",
    });
  }
  return `/${encodeURIComponent(text)}`;
}

function withoutBody(query: Query | undefined, options: RequestOptions | undefined): RequestOptions {
  return query === undefined ? { ...options } : { ...options, query };
}
