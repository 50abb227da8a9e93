import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Output } from "../../src/testing/output.ts";
import { Watchdog } from "../../src/testing/watchdog.ts";

const HOST = "127.0.0.1";
const binary = Bun.which("redis-server");

/** False where the machine has no Redis server: `test.skipIf(!redisInstalled)("… (needs redis-server)")`. */
export const redisInstalled = binary !== null;

/** Settings as in redis.conf: `{ requirepass: "x" }`. */
export type RedisConfig = Readonly<Record<string, string | number | readonly string[]>>;

/** A Redis server of a test file's own, with an append-only file: what was written is there after a restart. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly place: string;
  readonly #directory: string;
  readonly #config: RedisConfig;
  readonly #sentinel: boolean;
  #output = new Output();
  #process: Bun.Subprocess<"ignore", "pipe", "ignore"> | undefined;
  #watchdog: Watchdog | undefined;

  private constructor(directory: string, port: number, config: RedisConfig, sentinel: boolean) {
    this.#directory = directory;
    this.port = port;
    this.place = `${HOST}:${port}`;
    this.#config = config;
    this.#sentinel = sentinel;
  }

  /** @throws when there is none (see `redisInstalled`) or it does not start; the text is the server's */
  static async start(
    config: RedisConfig | ((port: number) => RedisConfig) = {},
    { sentinel = false } = {},
  ): Promise<RedisServer> {
    const server = await RedisServer.down(config, { sentinel });
    await server.up();
    return server;
  }

  /** One that does not run yet: nothing listens on its port. */
  static async down(
    config: RedisConfig | ((port: number) => RedisConfig) = {},
    { sentinel = false } = {},
  ): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), "skitai-redis-"));
    const port = freePort();
    return new RedisServer(directory, port, typeof config === "function" ? config(port) : config, sentinel);
  }

  get log(): string {
    return this.#output.text;
  }

  async up(): Promise<void> {
    if (binary === null) throw new Error("Redis is not installed: no redis-server");
    const file = join(this.#directory, "redis.conf");
    const persistent = this.#sentinel ? {} : { save: '""', appendonly: "yes", appendfsync: "no" };
    const all = { bind: HOST, port: this.port, dir: this.#directory, ...persistent, ...this.#config };
    const lines = Object.entries(all).flatMap(([name, value]) =>
      [value].flat().map((each) => `${name} ${each}`),
    );
    if (!this.#sentinel || !(await Bun.file(file).exists())) await Bun.write(file, `${lines.join("\n")}\n`);
    const process = Bun.spawn([binary, file, ...(this.#sentinel ? ["--sentinel"] : [])], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    this.#process = process;
    this.#watchdog = new Watchdog(process.pid);
    this.#output = new Output();
    const [seen, rest] = process.stdout.tee();
    this.#output.collect(rest);
    if (await contains(seen, this.#sentinel ? "Sentinel ID is" : "Ready to accept connections")) return;
    await this.halt();
    throw new Error(`Redis did not start: ${this.#output.text}`);
  }

  /** Stops as told by `signal`, with its data kept. */
  async halt(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    process.kill(signal);
    // One that is stopped takes no other signal than SIGKILL.
    if (signal !== "SIGKILL") process.kill("SIGCONT");
    await process.exited;
    await this.#output.ended();
    await this.#watchdog?.disarm();
    this.#process = undefined;
  }

  async restart(signal?: NodeJS.Signals): Promise<void> {
    await this.halt(signal);
    await this.up();
  }

  /** SIGSTOP: it keeps its connections, and says nothing until `proceed`. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  proceed(): void {
    this.#process?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    await this.halt("SIGKILL");
    await rm(this.#directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function contains(stream: ReadableStream<Uint8Array>, text: string): Promise<boolean> {
  const found = Promise.withResolvers<boolean>();
  void (async () => {
    const decoder = new TextDecoder();
    let tail = "";
    for await (const chunk of stream) {
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4096);
      if (tail.includes(text)) found.resolve(true);
    }
    found.resolve(false);
  })();
  return found.promise;
}

/** Below 55536: a node of a cluster also listens on its port + 10000. */
function freePort(): number {
  for (;;) {
    const listener = Bun.listen({ hostname: HOST, port: 0, socket: { data: () => {} } });
    const { port } = listener;
    listener.stop(true);
    if (port < 55_000) return port;
  }
}
