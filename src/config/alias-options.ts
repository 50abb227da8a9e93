import { SkitaiError } from "../errors.ts";
import { proxyOptionNames, type ProxyAliasOptions, proxyRefusal } from "./alias-proxy-options.ts";
import { type MemberDeclaration, parseMember } from "./members.ts";
import type { Duration } from "./settings.ts";
import { parseDuration } from "./units.ts";

/** What stands behind an alias. Spec Q1. */
export const PROTO_HTTP = "http";
export const PROTO_HTTPS = "https";
export const PROTO_WS = "ws";
export const PROTO_WSS = "wss";
export const DB_PGSQL = "postgresql";
export const DB_SQLITE3 = "sqlite3";
export const DB_REDIS = "redis";
export const DB_MONGODB = "mongodb";

export const aliasTypes = [
  PROTO_HTTP,
  PROTO_HTTPS,
  PROTO_WS,
  PROTO_WSS,
  DB_PGSQL,
  DB_SQLITE3,
  DB_REDIS,
  DB_MONGODB,
] as const;
export type AliasType = (typeof aliasTypes)[number];

declare const kind: unique symbol;
/** The name of an alias that knows what it stands for: `was.db(name)` is typed by it. */
export type AliasName<Type extends AliasType = AliasType> = `@${string}` & { readonly [kind]?: Type };

/** TLS towards the members, names as in Bun's `fetch`. */
export interface AliasTls {
  /** PEM text of who signs them. Default: who this machine trusts. */
  ca?: string | readonly string[];
  cert?: string;
  key?: string;
  passphrase?: string;
  /** The name their certificates are for. Default: the host of each member. */
  serverName?: string;
  /** Refuse members without a valid certificate. Default true. */
  rejectUnauthorized?: boolean;
}

export interface AliasOptions extends ProxyAliasOptions {
  /** Roles of whom a gateway lets through. Spec G2. */
  role?: string | readonly string[];
  /** Addresses and networks of whom a gateway lets through. Spec G2. */
  source?: string | readonly string[];
  /** TLS towards the members; `true` as this machine trusts. Default: what the type says. */
  ssl?: boolean | AliasTls;
  /** Connections of each worker to each member of a database; of HTTP, when there is no `connections`. Default: what the backend says. */
  pool?: number;
  /** Longest time of a call, from its creation. Default 10 s. */
  timeout?: Duration;
  /** For the driver of a database, as its documentation says. */
  driver?: Readonly<Record<string, unknown>>;
}

export interface AliasDeclaration {
  /** With its `@`. */
  readonly name: string;
  readonly type: AliasType;
  readonly members: readonly MemberDeclaration[];
  readonly options: Readonly<AliasOptions>;
}

const namePattern = /^@[A-Za-z_][\w.-]{0,63}$/;
const optionNames = ["role", "source", "ssl", "pool", "timeout", "driver", ...proxyOptionNames];

/**
 * @returns the declaration that an `alias` call makes
 * @throws SkitaiError ALIAS_INVALID that names the alias, the value and what is accepted; values with passwords are not shown
 */
export function aliasDeclaration(
  name: string,
  type: AliasType,
  members: string | readonly string[],
  options: AliasOptions,
): AliasDeclaration {
  const refuse = (value: unknown, accepted: string): never => {
    throw new SkitaiError("ALIAS_INVALID", { name: `alias("${name}")`, value, accepted });
  };
  if (typeof name !== "string" || !namePattern.test(name))
    throw new SkitaiError("ALIAS_INVALID", {
      name: "alias",
      value: name,
      accepted: 'a name like "@members"',
    });
  if (!aliasTypes.includes(type)) refuse(type, "PROTO_HTTP(S), PROTO_WS(S) or one of DB_*");
  const texts: readonly unknown[] = [members].flat();
  if (texts.length === 0) refuse(members, "one member or more");
  if (!isObject(options)) refuse(options, "options as an object");
  const unknown = Object.keys(options).find((key) => !optionNames.includes(key));
  if (unknown !== undefined) refuse(unknown, optionNames.join(", "));
  const wrong = ownRefusal(options) ?? proxyRefusal(options);
  if (wrong !== undefined) refuse(wrong.value, wrong.accepted);
  const parsed = texts.map((text) => parseMember(text, type) ?? refuse(undefined, acceptedMember(type)));
  return Object.freeze({
    name,
    type,
    members: Object.freeze(parsed),
    options: Object.freeze({ ...options }),
  });
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is wrong with the first of the alias's own options that is; roles and sources are the gateway's to read. */
function ownRefusal(options: AliasOptions): { value: unknown; accepted: string } | undefined {
  const { ssl = true, pool = 1, timeout = 1, driver = {} } = options;
  if (typeof ssl !== "boolean" && !isObject(ssl))
    return { value: ssl, accepted: "ssl as true, false or { ca, … }" };
  if (!Number.isInteger(pool) || pool < 1) return { value: pool, accepted: "pool as an integer from 1" };
  if (!((parseDuration(timeout) ?? 0) > 0))
    return { value: timeout, accepted: 'timeout above 0, as seconds or text like "30s"' };
  return isObject(driver) ? undefined : { value: driver, accepted: "driver as an object" };
}

const acceptedMember = (type: AliasType): string =>
  type === DB_SQLITE3
    ? "one path of a database file"
    : 'members like "10.0.0.1:5001", "user:password@host:5432/database" or "host:5001 20" with a weight from 1';
