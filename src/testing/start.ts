import type { Stub } from "./stub.ts";
import { SkitaiError } from "../errors.ts";
import { TestClient } from "./client.ts";
import { ServerProcess } from "./server-process.ts";

/** How to start the app under test. */
export interface TestOptions {
  /** Talk TLS; the certificate is not verified. Default: what the server says it talks, plain when `dry`. */
  readonly ssl?: boolean;
  /**
   * Keep the server's output, and print it to stderr when it does not start or ends by itself, a request
   * gets no answer, or an `expect()` fails. `false` passes it through as it comes. Default true.
   */
  readonly silent?: boolean;
  /** Start nothing and talk to what listens on `port` already. Default false. */
  readonly dry?: boolean;
  /** The address to bind (`--address`), or to talk to when `dry`. Default: the script's; `127.0.0.1` when `dry`. */
  readonly host?: string;
  /** `--workers`. Default: the script's. */
  readonly workers?: number;
  /** More arguments for the script. */
  readonly args?: readonly string[];
  /** Over the environment of this process; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Seconds until every worker must serve. Default 20. */
  readonly timeout?: number;
  /** Seconds `stop()` gives the server before it kills it. Default 3. */
  readonly grace?: number;
  /** Sent with every request. */
  readonly headers?: Bun.HeadersInit;
}

/** Options of `launch`: those of `testClient`, and the port. */
export interface LaunchOptions extends TestOptions {
  /** Default: a free one. */
  readonly port?: number;
}

/** A client whose other properties are stubs: `engine.v1.user("434").get()`. */
export type Engine<Names extends string = string> = TestClient & {
  readonly [Name in Exclude<Names, keyof TestClient>]: Stub<Names>;
};

/**
 * Starts the app in processes of its own and returns a client for it: `await using cli = await testClient("./serve.ts")`.
 * Whatever happens to the calling process, kill -9 included, nothing of it survives.
 * @param script a path from the current directory, or a file URL: `new URL("./serve.ts", import.meta.url)`. A `.ts` or
 *   `.js` file runs in this Bun, anything else is executed.
 * @param port goes over the one the script gives to `run()`. Default: a free one.
 * @throws SkitaiError LAUNCH_FAILED when it does not serve in time; `cause` is the text it wrote.
 */
export async function testClient(
  script: string | URL,
  port?: number,
  options: TestOptions = {},
): Promise<TestClient> {
  if (options.dry) return new TestClient(dryUrl(port, options), options.headers, undefined);
  const { server, ready } = await ServerProcess.start(script, {
    args: argumentsOf(port, options),
    env: options.env ?? {},
    silent: options.silent ?? true,
    timeout: options.timeout ?? 20,
    grace: options.grace ?? 3,
  });
  const url = options.ssl ? ready.url.replace(/^http:/, "https:") : ready.url;
  return new TestClient(url, options.headers, server);
}

/**
 * `testClient` as one object for requests and stubs:
 * `await using engine = await launch("./serve.ts")`, `engine.get("/")`, `engine.v1.user("434").get()`.
 * The client's own members win: a segment named like one goes through `engine.api()("stop")`.
 */
export async function launch<Names extends string = string>(
  script: string | URL,
  { port, ...options }: LaunchOptions = {},
): Promise<Engine<Names>> {
  const client = await testClient(script, port, options);
  return new Proxy(client, { get: member }) as Engine<Names>;
}

function member(client: TestClient, key: string | symbol): unknown {
  // Private fields are found on the client only, not on its proxy.
  const value: unknown = Reflect.get(client, key, client);
  if (typeof value === "function") return value.bind(client);
  if (key in client || typeof key === "symbol" || key === "then") return value;
  return client.api()(key);
}

function argumentsOf(port: number | undefined, { host, workers, args }: TestOptions): string[] {
  return [
    ...["--port", String(port ?? 0)],
    ...(host === undefined ? [] : ["--address", host]),
    ...(workers === undefined ? [] : ["--workers", String(workers)]),
    ...(args ?? []),
  ];
}

function dryUrl(port: number | undefined, { ssl, host = "127.0.0.1" }: TestOptions): string {
  if (port === undefined)
    throw new SkitaiError("OPTION_INVALID", { name: "port", accepted: "one to talk to, with dry" });
  return `${ssl ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
