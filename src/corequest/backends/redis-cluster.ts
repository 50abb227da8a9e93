import { Cluster, Command } from "ioredis";
import type { RedisBatch } from "../redis-call.ts";
import { repliesOf } from "./redis-error.ts";
import type { RedisLine } from "./redis-line.ts";
import { whenReady } from "./redis-ready.ts";
import type { RedisSettings } from "./redis-settings.ts";

/** The client of a Redis Cluster, which finds the others by the member. */
export const clusterClient = (
  { host, port, server, nodes, timeout }: RedisSettings,
  offline: boolean,
): Cluster => {
  const client = new Cluster([{ host, port }], {
    ...nodes,
    lazyConnect: true,
    enableOfflineQueue: offline,
    enableAutoPipelining: true,
    redisOptions: {
      ...server,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      ...(offline ? {} : { socketTimeout: timeout }),
    },
  });
  client.on("error", () => {});
  return client;
};

/** Commands go to the node of their keys; ioredis follows MOVED and ASK, and sends those of a turn together. */
export class ClusterLine implements RedisLine {
  readonly #client: Cluster;
  #opening: Promise<void> | undefined;

  constructor(settings: RedisSettings) {
    this.#client = clusterClient(settings, false);
  }

  get ready(): boolean {
    return this.#client.status === "ready";
  }

  open(): Promise<void> {
    return (this.#opening ??= whenReady(this.#client).finally(() => {
      this.#opening = undefined;
    }));
  }

  send(name: string, args: unknown[], bytes: boolean): Promise<unknown> {
    const words = args as string[];
    if (!bytes) return this.#client.call(name, ...words);
    // `callBuffer` with auto-pipelining takes the first argument for the command (ioredis 6.0.0).
    const { keyPrefix = "" } = this.#client.options;
    const command = new Command(name, words, { replyEncoding: null, keyPrefix });
    return this.#client.sendCommand(command) as Promise<unknown>;
  }

  async batch({ calls, atomic }: RedisBatch): Promise<unknown[]> {
    if (!atomic) return repliesOf(calls.map(({ command, args }) => this.send(command.name, args, false)));
    const lines = calls.map(({ command, args }) => [command.name, ...(args as string[])]);
    const replies = await this.#client.multi(lines).exec();
    return repliesOf(
      (replies ?? []).map(async ([error, reply]) => (error === null ? reply : Promise.reject(error))),
    );
  }

  /** Each node has its `socketTimeout`. */
  drop(): void {}

  close(): void {
    this.#client.disconnect();
  }
}
