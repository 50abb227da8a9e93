import { Command, Redis } from "ioredis";
import type { RedisBatch, RedisCall } from "../redis-call.ts";
import { repliesOf } from "./redis-error.ts";
import type { RedisLine } from "./redis-line.ts";
import type { RedisSettings } from "./redis-settings.ts";
import { RedisSink } from "./redis-sink.ts";
import { whenReady } from "./redis-ready.ts";

type Encoding = NonNullable<ConstructorParameters<typeof Command>[2]>;

/** One connection to one server, or to whom its sentinels name. */
export class SingleLine implements RedisLine {
  readonly #client: Redis;
  readonly #sink: RedisSink;
  readonly #text: Encoding;
  readonly #bytes: Encoding;
  #opening: Promise<void> | undefined;

  constructor({ server }: RedisSettings) {
    this.#client = new Redis({
      ...server,
      lazyConnect: true,
      // What waits for a connection waits in its task, which can be given up; what was sent is never sent again by the driver.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    });
    this.#client.on("error", () => {});
    this.#sink = new RedisSink(this.#client);
    const { keyPrefix = "" } = server;
    this.#text = { replyEncoding: "utf8", keyPrefix };
    this.#bytes = { replyEncoding: null, keyPrefix };
  }

  get ready(): boolean {
    return this.#client.status === "ready" && this.#client.stream.writable;
  }

  open(): Promise<void> {
    return (this.#opening ??= whenReady(this.#client).finally(() => {
      this.#opening = undefined;
    }));
  }

  send(name: string, args: unknown[], bytes: boolean): Promise<unknown> {
    return this.#sendCommand(new Command(name, args as string[], bytes ? this.#bytes : this.#text));
  }

  async batch({ calls, atomic }: RedisBatch): Promise<unknown[]> {
    return atomic ? this.#multi(calls) : repliesOf(calls.map((call) => this.#sendCommand(this.#made(call))));
  }

  drop(): void {
    this.#client.stream?.destroy(new Error("the server is silent"));
  }

  close(): void {
    this.#client.disconnect();
  }

  #made({ command, args, bytes }: RedisCall): Command {
    return new Command(command.name, args as string[], bytes ? this.#bytes : this.#text);
  }

  #sendCommand(command: Command): Promise<unknown> {
    // Bun 1.4.5 says nothing about subscribers of its tracing channels, and ioredis then describes every command: 0.2 µs.
    command.isTraced = true;
    return this.#client.sendCommand(command, this.#sink as never) as Promise<unknown>;
  }

  /** Made and sent in one turn: nothing comes between them. Replies of EXEC are shaped as those of the commands. */
  async #multi(calls: readonly RedisCall[]): Promise<unknown[]> {
    const commands = calls.map((call) => this.#made(call));
    const all = [new Command("multi"), ...commands, new Command("exec", [], this.#bytes)];
    const replies = await repliesOf(all.map((command) => this.#sendCommand(command)));
    const done = replies.at(-1);
    // EXECABORT says nothing; why the command was refused does.
    if (!Array.isArray(done))
      throw replies.find((reply) => reply instanceof Error) ?? new Error("EXEC gave nothing");
    return done.map((reply, index) =>
      reply instanceof Error ? reply : commands[index]!.transformReply(reply),
    );
  }
}
