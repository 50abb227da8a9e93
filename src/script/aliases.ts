import type { AliasName, AliasOptions, AliasType } from "../config/alias-options.ts";
import { resultCache } from "../corequest/result-cache.ts";
import { SkitaiError } from "../errors.ts";
import { installAlias } from "../upstream/clusters.ts";
import { declaration } from "./declaration.ts";

/**
 * A name for servers that handlers call and proxies forward to: `[user[:password]@]host[:port][/database] [weight]` each, or a
 * path for SQLite. The name that is returned knows its type: `was.db(name)` is typed by it. Spec Q1.
 * ```ts
 * skitai.alias("@prices", skitai.PROTO_HTTP, ["10.0.0.1:5001 20", "10.0.0.2:5001 10"]);
 * ```
 */
export function alias<Type extends AliasType>(
  name: `@${string}`,
  type: Type,
  members: string | readonly string[],
  options: AliasOptions = {},
): AliasName<Type> {
  const declared = declaration.alias(name, type, members, options);
  if (declared !== undefined) installAlias(declared);
  return name as AliasName<Type>;
}

/** The most results that each worker keeps, default 100. Spec Q6. */
export const setMaxRcache = (entries: number): void => {
  if (!Number.isInteger(entries) || entries < 1)
    throw new SkitaiError("OPTION_INVALID", {
      name: "setMaxRcache",
      value: entries,
      accepted: "an integer from 1",
    });
  resultCache.resize(entries);
};
