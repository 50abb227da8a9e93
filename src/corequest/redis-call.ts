import { SkitaiError } from "../errors.ts";
import type { Call } from "./backend.ts";
import { type RedisCommand, redisCommand, refusal } from "./redis-commands.ts";

/** A command and its arguments. */
export class RedisCall implements Call {
  readonly command: RedisCommand;
  readonly args: unknown[];
  /** Strings come as bytes. */
  readonly bytes: boolean;

  constructor(command: RedisCommand, args: unknown[], bytes: boolean) {
    this.command = command;
    this.args = args;
    this.bytes = bytes;
  }

  get label(): string {
    return this.command.label;
  }

  get idempotent(): boolean {
    return this.command.reads;
  }
}

/** One whose reply may be kept. */
class RedisRead extends RedisCall {
  cacheKey(): string {
    return `${this.bytes ? "bytes " : ""}${this.command.name} ${JSON.stringify(this.args)}`;
  }
}

/** Several commands as one call. */
export class RedisBatch implements Call {
  readonly label: string;
  readonly idempotent: boolean;
  readonly calls: readonly RedisCall[];
  /** MULTI … EXEC: all of them, and nothing between them. */
  readonly atomic: boolean;

  constructor(calls: readonly RedisCall[], atomic: boolean) {
    this.label = atomic ? "MULTI" : "pipeline";
    this.idempotent = calls.every(({ idempotent }) => idempotent);
    this.calls = calls;
    this.atomic = atomic;
  }
}

/** @throws SkitaiError QUERY_INVALID for a command that needs a connection of its own, or a callback */
export function redisCall(command: RedisCommand, args: unknown[], bytes: boolean): RedisCall {
  const { refused, reads } = command;
  if (refused !== undefined || command.name === "xread" || command.name === "xreadgroup") {
    const reason = refusal(command, args);
    if (reason !== undefined) throw invalid(`redis.${command.name}()`, reason);
  }
  if (typeof args[args.length - 1] === "function")
    throw invalid(`redis.${command.name}()`, "no callback: a call is a task");
  return reads ? new RedisRead(command, args, bytes) : new RedisCall(command, args, bytes);
}

/** `["incr", "visits"]` */
export type RedisCommandLine = readonly [command: string, ...args: readonly unknown[]];

/** @throws SkitaiError QUERY_INVALID */
export function redisBatch(lines: readonly RedisCommandLine[], atomic: boolean): RedisBatch {
  const calls = Array.isArray(lines) ? lines.map((line) => parsed(line)) : [];
  if (calls.length === 0)
    throw invalid(
      `redis.${atomic ? "multi" : "pipeline"}()`,
      'commands like [["set", "a", 1], ["incr", "b"]]',
    );
  return new RedisBatch(calls, atomic);
}

function parsed(line: unknown): RedisCall {
  if (!Array.isArray(line) || typeof line[0] !== "string")
    throw new SkitaiError("QUERY_INVALID", {
      name: "redis command",
      value: typeof line,
      accepted: 'an array like ["incr", "b"]',
    });
  const [name, ...args] = line as [string, ...unknown[]];
  return redisCall(redisCommand(name), args, false);
}

const invalid = (name: string, accepted: string): SkitaiError =>
  new SkitaiError("QUERY_INVALID", { name, accepted });
