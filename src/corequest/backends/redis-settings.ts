import type { ClusterOptions, RedisOptions } from "ioredis";
import type { AliasOptions, AliasTls } from "../../config/alias-options.ts";
import type { MemberDeclaration } from "../../config/members.ts";
import { parseDuration } from "../../config/units.ts";
import { SkitaiError } from "../../errors.ts";
import { defaultTimeout } from "../control.ts";

/** Replies are shaped as those of Redis 6 and before: `HGETALL` gives an object of strings. */
export type ServerOptions = RedisOptions & { replyMapping: "legacy" };

/** What ioredis is made with. */
export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  readonly cluster: boolean;
  /** Of one server, or of each node of a cluster. */
  readonly server: ServerOptions;
  /** What the alias says for the driver, of a cluster. */
  readonly nodes: ClusterOptions;
  /** ms */
  readonly timeout: number;
}

/** @throws SkitaiError ALIAS_INVALID for a database that is not a number */
export function redisSettings(member: MemberDeclaration, options: Readonly<AliasOptions>): RedisSettings {
  const { host, port, user, password, database } = member;
  const { cluster = false, redisOptions, ...driver } = { ...options.driver } as Record<string, unknown>;
  const place = port === 0 ? { path: host } : { host, port };
  const timeout = (parseDuration(options.timeout) ?? defaultTimeout) * 1000;
  const server: ServerOptions = {
    ...(cluster === false ? place : {}),
    ...(user ? { username: user } : {}),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined || cluster !== false ? {} : { db: databaseNumber(database, member.label) }),
    ...(options.ssl ? { tls: tlsOf(options.ssl) } : {}),
    connectTimeout: Math.min(timeout, 5000),
    // Of whoever was demoted by its sentinels: the next connection asks them who is master now.
    ...(driver["sentinels"] ? { reconnectOnError: (error) => error.message.startsWith("READONLY") } : {}),
    ...(cluster === false ? driver : (redisOptions as RedisOptions)),
    replyMapping: "legacy",
  };
  return {
    host,
    port,
    cluster: cluster !== false,
    server,
    nodes: (cluster === false ? {} : driver) as ClusterOptions,
    timeout,
  };
}

function databaseNumber(text: string, label: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new SkitaiError("ALIAS_INVALID", {
    name: `member ${label}`,
    value: text,
    accepted: 'the number of a database, as in "host:6379/3"',
  });
}

function tlsOf(ssl: true | AliasTls): NonNullable<RedisOptions["tls"]> {
  if (ssl === true) return {};
  const { ca, serverName, ...rest } = ssl;
  return {
    ...rest,
    ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
