import { SkitaiError } from "../errors.ts";
import { type AliasDeclaration, DB_REDIS } from "./alias-options.ts";
import { nearest } from "./nearest.ts";
import type { Duration } from "./settings.ts";
import { parseDuration } from "./units.ts";

/** What `enableCluster` is given. Spec H5. */
export interface ClusterOptions {
  /**
   * Begins all keys and channels in Redis: services that have it in common are one cluster. Default `skitai:` and the name of
   * the service.
   */
  prefix?: string;
  /**
   * How long a machine may be silent: what it had is gone then, its locks and its clients in rooms. 1 second to 5 minutes,
   * default 10 seconds.
   */
  ttl?: Duration;
}

/** The same with its defaults. */
export interface ClusterMode {
  readonly alias: string;
  readonly prefix: string | undefined;
  /** ms */
  readonly ttl: number;
}

const defaultTtl = 10_000;

/** @returns what is wrong with an `enableCluster` call, but its alias */
export function clusterErrors(alias: unknown, options: unknown): SkitaiError[] {
  const refused = (name: string, value: unknown, accepted: string): SkitaiError =>
    new SkitaiError("OPTION_INVALID", { name: `enableCluster${name}`, value, accepted });
  if (typeof alias !== "string") return [refused("", alias, 'the name of an alias, as "@redis"')];
  if (typeof options !== "object" || options === null)
    return [refused(`("${alias}")`, options, "options: prefix, ttl")];
  const { prefix, ttl, ...others } = options as Record<string, unknown>;
  const errors = Object.keys(others).map(
    (name) =>
      new SkitaiError("OPTION_UNKNOWN", { name: "enableCluster", value: name, accepted: "prefix, ttl" }),
  );
  if (prefix !== undefined && !(typeof prefix === "string" && /^[\w.:-]{1,100}$/.test(prefix)))
    errors.push(refused(": prefix", prefix, "1 to 100 letters, digits and .:_-"));
  const seconds = ttl === undefined ? 1 : parseDuration(ttl);
  if (seconds === undefined || !(seconds >= 1 && seconds <= 300))
    errors.push(refused(": ttl", ttl, 'seconds from 1 to 300, or text like "10s"'));
  return errors;
}

/** Of options without errors. */
export const clusterMode = (alias: string, { prefix, ttl }: ClusterOptions): ClusterMode => ({
  alias,
  prefix,
  ttl: ttl === undefined ? defaultTtl : parseDuration(ttl)! * 1000,
});

/** @returns why a cluster cannot be on its alias */
export function clusterAliasErrors(
  { alias }: ClusterMode,
  aliases: readonly AliasDeclaration[],
): SkitaiError[] {
  const found = aliases.find(({ name }) => name === alias);
  if (found === undefined) {
    const names = aliases.map(({ name }) => name);
    const accepted = nearest(alias, names) ?? (names.join(", ") || "one that alias() has declared");
    return [new SkitaiError("ALIAS_UNKNOWN", { name: "enableCluster", value: alias, accepted })];
  }
  const name = `enableCluster("${alias}")`;
  if (found.type !== DB_REDIS)
    return [new SkitaiError("ALIAS_TYPE", { name, value: found.type, accepted: DB_REDIS })];
  if (found.members.length !== 1)
    return [
      new SkitaiError("ALIAS_INVALID", {
        name,
        value: found.members.length,
        accepted: "an alias of one member; with Sentinel the driver's options name the others",
      }),
    ];
  const { cluster = false } = (found.options.driver ?? {}) as { cluster?: unknown };
  if (cluster === false) return [];
  return [
    new SkitaiError("ALIAS_INVALID", {
      name,
      accepted: "one server of Redis or its Sentinels, no Redis Cluster",
    }),
  ];
}
