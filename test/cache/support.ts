import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnswerOptions, HttpCache } from "../../src/cache/cache.ts";
import { openCache } from "../../src/cache/open.ts";
import { type CacheOptions, cacheSettings } from "../../src/config/cache-options.ts";
import type { Fields, RelayedAnswer, RelayedRequest } from "../../src/http/relay.ts";

/** What an origin answers with. */
export interface Scripted {
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
}

export type Handler = (request: Request, count: number) => Scripted | Promise<Scripted>;

/** What a client got. */
export interface Got {
  readonly status: number;
  readonly text: string;
  readonly how: string;
  readonly length: number | undefined;
  field(name: string): string | undefined;
}

/** A real origin, a cache before it, and a private directory. */
export class Bench implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "skitai-cache-"));
  /** Requests that reached the origin. */
  readonly seen: Request[] = [];
  cache: HttpCache;
  readonly #server: Bun.Server<undefined>;
  readonly #options: CacheOptions;

  constructor(handler: Handler, options: CacheOptions = {}) {
    this.#options = options;
    this.cache = openCache(cacheSettings(options));
    this.#server = Bun.serve({
      port: 0,
      idleTimeout: 0,
      fetch: async (request) => {
        this.seen.push(request);
        const count = this.seen.length;
        const { status = 200, fields = {}, body } = await handler(request, count);
        const bare = status === 304 || status === 204;
        return new Response(bare ? null : (body ?? `body ${count}`), {
          status,
          // The clock of the test, which the server's own does not follow.
          headers: { date: new Date().toUTCString(), ...fields },
        });
      },
    });
  }

  static onDisk(handler: Handler, options: CacheOptions = {}): Bench {
    const bench = new Bench(handler, options);
    bench.cache = openCache(cacheSettings({ ...options, path: bench.directory }));
    return bench;
  }

  /** Another cache of the same directory, as another worker has it. */
  another(): HttpCache {
    return openCache(cacheSettings({ ...this.#options, path: this.directory }));
  }

  url(path = "/"): string {
    return `http://127.0.0.1:${this.#server.port}${path}`;
  }

  forward = (request: RelayedRequest): Promise<RelayedAnswer> => relay(request);

  ask(path = "/", fields: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Got> {
    return this.askOf(this.cache, path, fields, method);
  }

  async askOf(
    cache: HttpCache,
    path = "/",
    fields: Readonly<Record<string, string>> = {},
    method = "GET",
    options?: AnswerOptions,
  ): Promise<Got> {
    const request = { method, url: this.url(path), fields: Object.entries(fields) };
    return got(await cache.answer(request, this.forward, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cache.close();
    await this.#server.stop(true);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Sends a request on as it is. */
export async function relay({ method, url, fields }: RelayedRequest): Promise<RelayedAnswer> {
  const response = await fetch(url, {
    method,
    headers: fields as [string, string][],
    redirect: "manual",
    decompress: false,
    ...(method === "GET" || method === "HEAD" ? {} : { body: "x" }),
  });
  const length = response.headers.get("content-length");
  return {
    status: response.status,
    reason: response.statusText,
    fields: [...response.headers] as Fields,
    body: response.body,
    length: length === null ? undefined : Number(length),
  };
}

export async function got(answer: RelayedAnswer): Promise<Got> {
  const find = (wanted: string): string | undefined => {
    const found = answer.fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
    return found.length === 0 ? undefined : found.join(", ");
  };
  return {
    status: answer.status,
    text: await new Response(answer.body).text(),
    how: find("cache-status") ?? "",
    length: answer.length,
    field: find,
  };
}

export const isHit = ({ how }: Got): boolean => /skitai; hit/.test(how);
