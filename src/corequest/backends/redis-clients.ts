import { Redis } from "ioredis";
import type { AliasOptions } from "../../config/alias-options.ts";
import type { MemberDeclaration } from "../../config/members.ts";
import { clusterClient, ClusterLine } from "./redis-cluster.ts";
import type { RedisLine } from "./redis-line.ts";
import { redisSettings } from "./redis-settings.ts";
import { SingleLine } from "./redis-single.ts";

/** Imported at the first call: ioredis comes with it. */
export function redisLine(member: MemberDeclaration, options: Readonly<AliasOptions>): RedisLine {
  const settings = redisSettings(member, options);
  return settings.cluster ? new ClusterLine(settings) : new SingleLine(settings);
}

/** A client as ioredis makes it, with a queue while it is not connected; it connects at its first command. */
export function rawRedis(member: MemberDeclaration, options: Readonly<AliasOptions>): Redis {
  const settings = redisSettings(member, options);
  if (settings.cluster) return clusterClient(settings, true) as unknown as Redis;
  const client = new Redis({ ...settings.server, lazyConnect: true });
  // Without a listener ioredis writes every failed attempt to the console; commands fail by themselves.
  client.on("error", () => {});
  return client;
}
