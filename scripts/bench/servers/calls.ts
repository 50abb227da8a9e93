import { join } from "node:path";
import type { Command, Launch, Server } from "../server.ts";
import type { ServiceName } from "../services.ts";
import { environment } from "./skitai.ts";

const programs = join(import.meta.dir, "..", "programs");

const places = ({ services, sqlite }: Launch, handler: string): Record<string, string> => ({
  BENCH_HANDLER: handler,
  BENCH_POSTGRES: services.postgres ?? "",
  BENCH_REDIS: services.redis ?? "",
  BENCH_HTTP: services.http ?? "",
  BENCH_SQLITE: sqlite,
});

/** A handler of `calls-bare.ts` in a bare Bun.serve. */
const raw = (handler: string, about: string, ...needs: ServiceName[]): Server => ({
  about: `Bun.serve, ${about}`,
  log: false,
  needs,
  command: (launch): Command => ({
    argv: [launch.bun, join(programs, "raw-calls.ts")],
    env: { BENCH_PORT: `${launch.port}`, ...places(launch, handler) },
  }),
});

/** A handler of `calls-tasks.ts`, or one of `calls-bare.ts`, in the engine. */
const engine = (
  style: "tasks" | "bare",
  handler: string,
  about: string,
  ...needs: ServiceName[]
): Server => ({
  ours: true,
  about: `skitai, ${about}`,
  log: true,
  needs,
  command: (launch): Command => ({
    argv: [launch.bun, join(programs, "skitai-calls.ts")],
    env: { ...environment(launch, 1), ...places(launch, handler), BENCH_STYLE: style },
  }),
});

/** Handlers that call others: `-bare` is the driver itself, in the engine. */
export const calls = {
  "skitai-pg-select": engine("tasks", "pg-select", "a select by was.db", "postgres"),
  "skitai-pg-select-bare": engine("bare", "pg-select", "a select by Bun.SQL", "postgres"),
  "raw-pg-select": raw("pg-select", "a select by Bun.SQL", "postgres"),
  "skitai-pg-four": engine("tasks", "pg-four", "four selects and an HTTP call as Tasks", "postgres", "http"),
  "skitai-pg-four-bare": engine("bare", "pg-four", "the same by Bun.SQL and fetch", "postgres", "http"),
  "raw-pg-four": raw("pg-four", "the same by Bun.SQL and fetch", "postgres", "http"),
  "skitai-sqlite-select": engine("tasks", "sqlite-select", "a select by was.db"),
  "skitai-sqlite-select-bare": engine("bare", "sqlite-select", "a select by bun:sqlite"),
  "raw-sqlite-select": raw("sqlite-select", "a select by bun:sqlite"),
  "skitai-redis-get": engine("tasks", "redis-get", "a GET by was.redis", "redis"),
  "skitai-redis-get-bare": engine("bare", "redis-get", "a GET by ioredis, auto-pipelining", "redis"),
  "raw-redis-get": raw("redis-get", "a GET by ioredis, auto-pipelining", "redis"),
  "raw-redis-get-single": raw("redis-get-single", "a GET by ioredis as it comes", "redis"),
  "skitai-http-call": engine("tasks", "http-call", "a call by was.get", "http"),
  "skitai-http-call-bare": engine("bare", "http-call", "a call by fetch", "http"),
  "raw-http-call": raw("http-call", "a call by fetch", "http"),
  "skitai-cached": engine("tasks", "cached-result", "a result that is kept", "http"),
  "skitai-constant": engine("bare", "constant", "the same as a constant"),
  "skitai-slow-tasks": engine("tasks", "slow-tasks", "a thousand slow tasks at once", "postgres", "http"),
} satisfies Record<string, Server>;
