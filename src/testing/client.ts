import type { DataOptions, FileFields, RequestOptions } from "./request.ts";
import type { ServerProcess } from "./server-process.ts";
import { CookieJar, type CookieTarget } from "./cookies.ts";
import { encodeBody, isBody, withQuery } from "./request.ts";
import { Result } from "./result.ts";
import { createStub, type Stub } from "./stub.ts";

const MAX_REDIRECTS = 20;

interface Sending {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Bun.BodyInit | undefined;
}

/** Talks to one app, keeps its cookies, and ends it when it started it. Made by `testClient`. */
export class TestClient implements AsyncDisposable {
  /** Without a trailing slash: `http://127.0.0.1:43211`. */
  readonly url: string;
  readonly port: number;
  /** Sent with every request; a request's own headers win. */
  readonly headers: Headers;
  readonly cookies = new CookieJar();
  readonly #server: ServerProcess | undefined;
  // A certificate made for a test is signed by nobody. A pool of its own: no connection outlives the server.
  readonly #session = new Bun.FetchSession({ tls: { rejectUnauthorized: false } });

  constructor(url: string, headers: Bun.HeadersInit | undefined, server: ServerProcess | undefined) {
    const { origin, port, protocol } = new URL(url);
    this.url = origin;
    this.port = Number(port || (protocol === "https:" ? 443 : 80));
    this.headers = new Headers(headers);
    this.#server = server;
  }

  /** The master's pid; `undefined` when `dry`. */
  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /** What the server wrote to stdout and stderr so far (its last 2^20 characters); empty when `dry`. */
  get output(): string {
    return this.#server?.output.text ?? "";
  }

  get<Data = unknown>(path: string, options?: RequestOptions): Promise<Result<Data>> {
    return this.request("GET", path, options);
  }

  head(path: string, options?: RequestOptions): Promise<Result<undefined>> {
    return this.request("HEAD", path, options);
  }

  options<Data = unknown>(path: string, options?: RequestOptions): Promise<Result<Data>> {
    return this.request("OPTIONS", path, options);
  }

  delete<Data = unknown>(path: string, options?: RequestOptions): Promise<Result<Data>> {
    return this.request("DELETE", path, options);
  }

  post<Data = unknown>(path: string, data?: unknown, options?: DataOptions): Promise<Result<Data>> {
    return this.request("POST", path, dataOptions(data, options));
  }

  put<Data = unknown>(path: string, data?: unknown, options?: DataOptions): Promise<Result<Data>> {
    return this.request("PUT", path, dataOptions(data, options));
  }

  patch<Data = unknown>(path: string, data?: unknown, options?: DataOptions): Promise<Result<Data>> {
    return this.request("PATCH", path, dataOptions(data, options));
  }

  /** POST of a multipart form: `upload("/photos", { file: Bun.file("./photo.jpg"), title: "Me" })`. */
  upload<Data = unknown>(path: string, fields: FileFields, options?: DataOptions): Promise<Result<Data>> {
    return this.request("POST", path, { ...options, multipart: fields });
  }

  /**
   * Any request. Statuses never throw; redirects are results unless `redirect: "follow"`.
   * @param path as in a URL, percent-encoded where needed; a leading slash is added.
   * @throws what `fetch` throws when there is no answer; the server's output is printed then.
   */
  async request<Data = unknown>(
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<Result<Data>> {
    const { body, type } = encodeBody(options);
    const headers = this.#headersFor(options.headers);
    if (type !== undefined && !headers.has("content-type")) headers.set("content-type", type);
    const url = new URL(this.url + withQuery(path.startsWith("/") ? path : `/${path}`, options.query));
    try {
      return await this.#exchange({ method, url, headers, body }, options);
    } catch (error) {
      this.#server?.report(`${method} ${url.pathname} failed`);
      throw error;
    }
  }

  /**
   * A stub whose properties and calls are path segments: `cli.api("/v1").pets(45).get({ x: 1 })`.
   * Under `noUncheckedIndexedAccess` name the properties: `cli.api<"apis" | "pets">()`.
   * @param prefix a path before all others. Default none.
   */
  api<Names extends string = string>(prefix = ""): Stub<Names> {
    return createStub<Names>(this, `/${prefix}`.replace(/^\/+/, "/").replace(/\/$/, ""));
  }

  /**
   * Ends the server: SIGTERM, after the grace SIGKILL of its whole process group. Again is the same.
   * @returns the exit code of the master; `null` when a signal ended it, or `dry`.
   */
  async stop(): Promise<number | null> {
    this.#session.close();
    return (await this.#server?.stop()) ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #exchange<Data>(first: Sending, options: RequestOptions): Promise<Result<Data>> {
    const signal = AbortSignal.timeout((options.timeout ?? 60) * 1000);
    let sending: Sending | undefined = first;
    for (let count = 0; ; count++) {
      const result: Result<Data> = await this.#send(sending, signal, options.decompress ?? true);
      sending = options.redirect === "follow" ? redirected(result.response, sending) : undefined;
      if (sending === undefined || count === MAX_REDIRECTS) return result;
    }
  }

  async #send<Data>(
    { url, ...sending }: Sending,
    signal: AbortSignal,
    decompress: boolean,
  ): Promise<Result<Data>> {
    const target = cookieTarget(url, sending.headers);
    const headers = new Headers(sending.headers);
    const cookie = this.cookies.header(target);
    if (cookie !== undefined && !headers.has("cookie")) headers.set("cookie", cookie);
    const init = { method: sending.method, headers, redirect: "manual", signal, decompress } as const;
    const response = await this.#session.fetch(
      url,
      sending.body === undefined ? init : { ...init, body: sending.body },
    );
    this.cookies.store(response.headers.getSetCookie(), target);
    return new Result(response, await response.bytes());
  }

  #headersFor(own: Bun.HeadersInit | undefined): Headers {
    const headers = new Headers(this.headers);
    for (const [name, value] of new Headers(own)) headers.set(name, value);
    return headers;
  }
}

function dataOptions(data: unknown, { as, ...options }: DataOptions = {}): RequestOptions {
  if (data === undefined) return options;
  if (as !== undefined) return { ...options, [as]: data };
  return isBody(data) ? { ...options, body: data } : { ...options, json: data };
}

/** A loopback connection counts as secure, as it does in browsers (RFC 6265bis leaves it to the user agent). */
function cookieTarget(url: URL, headers: Headers): CookieTarget {
  const host = (headers.get("host") ?? url.host).replace(/:\d+$/, "").toLowerCase();
  const loopback = /^(?:127\.[\d.]+|localhost|\[::1\])$/.test(url.hostname);
  return { host, path: url.pathname, secure: loopback || url.protocol === "https:" };
}

/** The request a redirect asks for (RFC 9110 section 15.4); `undefined` when it is none or leaves the server. */
function redirected({ status, headers }: Response, { method, url, ...sent }: Sending): Sending | undefined {
  const location = headers.get("location");
  if (location === null || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  const next = new URL(location, url);
  if (next.origin !== url.origin) return undefined;
  const toGet = status === 303 ? method !== "HEAD" : status < 303 && method === "POST";
  if (!toGet) return { method, url: next, ...sent };
  const bodyless = new Headers(sent.headers);
  bodyless.delete("content-type");
  return { method: "GET", url: next, headers: bodyless, body: undefined };
}
