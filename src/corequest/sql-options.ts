import type { Duration } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import { knownOptions, refuseUnknown } from "./known-options.ts";
import type { CacheUse } from "./result-cache.ts";
import { secondsOf } from "./durations.ts";

/** How the statements of a handle are run. */
export interface DatabaseOptions extends CacheUse {
  /** Longest time of a statement, waiting for a connection included. Default: what the alias says, else 10 s. */
  timeout?: Duration;
  /**
   * Statements may take long: SQLite runs them in threads, at most two at once for each file and worker, so that the worker
   * goes on. Queries that took longer than 10 ms the last time go there without being told. What is in memory stays where it
   * is. A statement in a thread that nobody waits for any more still runs to its end. PostgreSQL has
   * no need of it. Default false.
   */
  thread?: boolean;
}

/** @throws SkitaiError OPTION_UNKNOWN, OPTION_INVALID */
export function timeoutOf(options: DatabaseOptions): number | undefined {
  refuseUnknown("was.db", options, knownOptions.database);
  return secondsOf(options.timeout);
}

/** @throws SkitaiError OPTION_INVALID */
export function threadOf({ thread = false }: Pick<DatabaseOptions, "thread">): boolean {
  if (typeof thread === "boolean") return thread;
  throw new SkitaiError("OPTION_INVALID", { name: "thread", value: thread, accepted: "true or false" });
}

/** `` sql`select ${id}` `` → `select $1`. */
export const placeholders = (strings: readonly string[]): string =>
  strings.reduce((text, part, index) => `${text}$${index}${part}`);
