import type { Redis } from "ioredis";
import type { default as RedisCommander } from "ioredis/built/utils/RedisCommander";
import { type AliasName, DB_REDIS } from "../config/alias-options.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { clusterOf } from "../upstream/clusters.ts";
import { redis as backend } from "./backends/redis.ts";
import {
  type RedisCall,
  type RedisBatch,
  redisBatch,
  redisCall,
  type RedisCommandLine,
} from "./redis-call.ts";
import { redisCommand, redisCommands, type RefusedCommand } from "./redis-commands.ts";
import { connectionOf } from "./connections.ts";
import { type DatabaseOptions, timeoutOf } from "./sql-options.ts";
import { start, startOnAll, type StartOptions } from "./start.ts";
import type { Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

declare module "ioredis/built/utils/RedisCommander" {
  interface ResultTypes<Result, Context> {
    task: Task<Result>;
    tasks: Tasks<Task<Result>[]>;
  }
}

type Kind = "task" | "tasks";
type Reply<Of extends Kind, Data> = Of extends "task" ? Task<Data> : Tasks<Task<Data>[]>;
type Commands<Of extends Kind> = Omit<RedisCommander<{ type: Of }>, RefusedCommand | "multi">;

/**
 * Every command of Redis as a task, typed as in ioredis: `redis.hgetall("pet:1")` is a `Task<Record<string, string>>`; with
 * `Buffer` behind its name it gives bytes, `redis.getBuffer("photo")`. A command that ioredis does not know:
 * `redis.call("TS.ADD", …)`. Those that wait or change the connection (BLPOP, SUBSCRIBE, SELECT, WATCH …) are refused with
 * QUERY_INVALID: take a connection of your own, `raw()`. Calls of the same turn go out together. Spec D5.
 */
export type RedisHandle<Of extends Kind = "task"> = Commands<Of> & {
  /**
   * Commands that are carried out one after the other with nothing between them, `redis.multi([["set", "a", 1], ["incr", "b"]])`;
   * gives their replies in order. When one is refused the others are carried out all the same, `fetch` throws the first
   * refusal, and in the data of `dispatch` the error stands in the place of the reply.
   */
  multi(commands: readonly RedisCommandLine[]): Reply<Of, unknown[]>;
  /** Like `multi`, but others' commands may come between them, and in a Redis Cluster their keys may be anywhere. */
  pipeline(commands: readonly RedisCommandLine[]): Reply<Of, unknown[]>;
};

export interface OneRedis extends RedisHandle, Disposable {
  /**
   * A connection that is not shared: the client of ioredis, for pub/sub (it subscribes again after a restart of the server),
   * blocking commands, transactions with WATCH. The same at each call; `duplicate()` makes more. Closed with its worker, the
   * duplicates by whoever made them. With `driver: { cluster: true }` it is ioredis' `Cluster`.
   * @throws what importing ioredis throws
   */
  raw(): Promise<Redis>;
}

/**
 * `was.redis("@cache")`. Members are `[[user]:password@]host:6379[/database]`, each a server of its own. Options of ioredis stand
 * in the alias option `driver`; `{ name: "pets", sentinels: [{ host, port }] }` asks those who is master, with the member's
 * password and database; `{ cluster: true }` takes the members for nodes to start from, and the rest for options of ioredis'
 * `Cluster`.
 */
export interface RedisCalls {
  /** @throws SkitaiError ALIAS_UNKNOWN, ALIAS_TYPE */
  (alias: AliasName<typeof DB_REDIS>, options?: DatabaseOptions): OneRedis;
  readonly lb: (alias: AliasName<typeof DB_REDIS>, options?: DatabaseOptions) => OneRedis;
  /** Asks every member; the replies come in their order. */
  readonly map: (alias: AliasName<typeof DB_REDIS>, options?: DatabaseOptions) => RedisHandle<"tasks">;
}

type Send = (cluster: Cluster, call: RedisCall | RedisBatch, options: StartOptions | undefined) => unknown;

const sendToOne: Send = (cluster, call, options) => start(backend, cluster, call, options);
const sendToAll: Send = (cluster, call, options) => startOnAll(backend, cluster, call, options);

class Handle {
  readonly #cluster: Cluster;
  readonly #options: StartOptions | undefined;
  readonly #send: Send;

  constructor(cluster: Cluster, options: StartOptions | undefined, send: Send) {
    this.#cluster = cluster;
    this.#options = options;
    this.#send = send;
  }

  send(call: RedisCall | RedisBatch): unknown {
    return this.#send(this.#cluster, call, this.#options);
  }

  call(name: string, ...args: unknown[]): unknown {
    return this.send(redisCall(redisCommand(name), args.flat(), false));
  }

  callBuffer(name: string, ...args: unknown[]): unknown {
    return this.send(redisCall(redisCommand(name), args.flat(), true));
  }

  multi(lines: readonly RedisCommandLine[]): unknown {
    return this.send(redisBatch(lines, true));
  }

  pipeline(lines: readonly RedisCommandLine[]): unknown {
    return this.send(redisBatch(lines, false));
  }

  /** Does nothing: `using redis = was.redis(…)` may stand where the reference says `with`. */
  [Symbol.dispose](): void {}

  async raw(): Promise<Redis> {
    const member = this.#cluster.claim()!;
    member.release();
    return connectionOf(backend, member, this.#cluster).raw();
  }
}

/** A method for each command, made once: a call costs no look-up. */
for (const command of redisCommands.values()) {
  if (command.name === "multi") continue;
  for (const bytes of [false, true])
    Object.defineProperty(Handle.prototype, bytes ? `${command.name}Buffer` : command.name, {
      value(this: Handle, ...args: unknown[]) {
        return this.send(redisCall(command, args, bytes));
      },
    });
}

function handle(alias: string, options: DatabaseOptions | undefined, send: Send): Handle {
  const cluster = clusterOf(alias, [DB_REDIS]);
  return new Handle(cluster, options && { ...options, timeout: timeoutOf(options) }, send);
}

const one = (alias: string, options?: DatabaseOptions): OneRedis =>
  handle(alias, options, sendToOne) as unknown as OneRedis;

const all = (alias: string, options?: DatabaseOptions): RedisHandle<"tasks"> =>
  handle(alias, options, sendToAll) as unknown as RedisHandle<"tasks">;

/** Redis, see `RedisHandle`. Spec D5. */
export const redis: RedisCalls = Object.assign(one, { lb: one, map: all });
