import { BlockList } from "node:net";
import { SkitaiError } from "../errors.ts";
import { parseNetwork } from "../http/network.ts";
import type { Duration } from "./settings.ts";
import { parseDuration } from "./units.ts";

/** Decides whether somebody may use the proxy. A rejection is logged, and an answer of 503. */
export type ProxyCheck = (user: string, password: string) => boolean | Promise<boolean>;

/** Ports as numbers or ranges: `[80, "1024-65535"]`. */
export type ProxyPorts = readonly (number | string)[];

/** Who may use the forward proxy, and where it goes. Limits are those of each worker. */
export interface ProxyOptions {
  /** A port of its own, shared by the workers. */
  port: number;
  /** Passwords by user, or a function; everybody of `source` without. */
  auth?: Readonly<Record<string, string>> | ProxyCheck;
  /** What the password is for, as browsers show it. Default `"proxy"`. */
  realm?: string;
  /** Addresses and networks of clients. Default: this machine. */
  source?: readonly string[];
  /**
   * Where it goes: names like `"example.com"` or `"*.example.com"`, `"*"` for all, addresses and networks. A network opens
   * private addresses in it too, a name does not. Default `["*"]`.
   */
  allow?: readonly string[];
  /** Where it does not go, names and networks; stronger than `allow`. */
  deny?: readonly string[];
  /** Also to addresses of this machine and of private networks; link-local ones have to be allowed by network. Default false. */
  allowPrivate?: boolean;
  /** Ports of tunnels. Default `[443]`. */
  connectPorts?: ProxyPorts;
  /** Ports of http and ws. Default `[80, "1024-65535"]`. */
  httpPorts?: ProxyPorts;
  /** Tunnels and websockets at once, default 4096. */
  maxTunnels?: number;
  /** Those of one client's address, default 512. */
  maxTunnelsPerClient?: number;
  /** How long a name may take to be resolved, and a connection to be made. Default 10 s. */
  connectTimeout?: Duration;
  /** Tell servers who asks, by `X-Forwarded-For`. Default false. */
  forwardedFor?: boolean;
  /** Tell servers the ids of the transaction. Default false. */
  transactionIds?: boolean;
  /** Resolves names to addresses, instead of the system's resolver. Whatever it gives is checked. */
  lookup?: (name: string) => readonly string[] | Promise<readonly string[]>;
}

/** How long connections of the forward proxy without traffic are kept: those of requests, and tunnels. */
export interface ProxyKeepAlive {
  channel?: Duration;
  tunnel?: Duration;
}

/** The same in seconds. */
export type ProxyIdle = Readonly<Record<keyof ProxyKeepAlive, number>>;

export const defaultProxyIdle: ProxyIdle = Object.freeze({ channel: 60, tunnel: 600 });

interface Row {
  readonly accepts: (value: unknown) => boolean;
  readonly accepted: string;
  readonly secret?: boolean;
}

const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isCount = (value: unknown, most = 2 ** 31 - 1): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
const isList = (value: unknown, fits: (each: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(fits);

/** Whether it names addresses, not hosts. */
export const isNetwork = (text: string): boolean => parseNetwork(text, new BlockList());

const isHostPattern = (text: string): boolean =>
  text === "*" || /^(?:\*\.)?(?=[^*]*[a-z_][^*]*$)[a-z\d_-]+(?:\.[a-z\d_-]+)*$/i.test(text);
const isPlace = (value: unknown): boolean =>
  typeof value === "string" && (isNetwork(value) || isHostPattern(value));

/** First and last port; `undefined` when it is none. */
export function portRange(value: unknown): readonly [first: number, last: number] | undefined {
  if (isCount(value, 65535)) return [value, value];
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(String(value)) ?? [];
  const range = [Number(first), Number(last)] as const;
  return typeof value === "string" && range.every((port) => isCount(port, 65535)) && range[0] <= range[1]
    ? range
    : undefined;
}

const isAuth = (value: unknown): boolean =>
  typeof value === "function" ||
  (typeof value === "object" &&
    value !== null &&
    Object.keys(value).length > 0 &&
    Object.entries(value).every(
      // A colon ends the name (RFC 7617 §2).
      ([user, password]) => /^[^:]+$/.test(user) && typeof password === "string" && password !== "",
    ));

const flag: Row = { accepts: isBoolean, accepted: "true or false" };
const count: Row = { accepts: (value) => isCount(value), accepted: "an integer from 1" };
const places: Row = {
  accepts: (value) => isList(value, isPlace),
  accepted: 'a list of "example.com", "*.example.com", "*", addresses and networks like "10.0.0.0/8"',
};
const ports: Row = {
  accepts: (value) => isList(value, (each) => portRange(each) !== undefined),
  accepted: 'a list of ports and ranges like [443, "8000-8999"]',
};

const rows: Readonly<Record<keyof ProxyOptions, Row>> = {
  port: { accepts: (value) => isCount(value, 65535), accepted: "a port of its own from 1 to 65535" },
  auth: {
    accepts: isAuth,
    accepted: "passwords by user, or a function of user and password",
    secret: true,
  },
  realm: {
    accepts: (value) =>
      typeof value === "string" && /^[\x20-\x7e]{1,200}$/.test(value) && !/["\\]/.test(value),
    accepted: "printable ASCII without quotes",
  },
  source: {
    accepts: (value) => isList(value, (each) => typeof each === "string" && isNetwork(each)),
    accepted: 'a list of addresses and networks like "10.0.0.0/8"',
  },
  allow: places,
  deny: places,
  allowPrivate: flag,
  connectPorts: ports,
  httpPorts: ports,
  maxTunnels: count,
  maxTunnelsPerClient: count,
  connectTimeout: {
    accepts: (value) => (parseDuration(value) ?? 0) > 0,
    accepted: 'seconds above 0, or text like "10s"',
  },
  forwardedFor: flag,
  transactionIds: flag,
  lookup: { accepts: (value) => typeof value === "function", accepted: "a function of a name" },
};

const unknown = (call: string, key: string, known: readonly string[]): SkitaiError =>
  new SkitaiError("OPTION_UNKNOWN", {
    name: `${call} ${key}`,
    accepted: `unknown option, known are ${known.join(", ")}`,
  });

/** @returns what is wrong with an `enableProxy` call */
export function proxyErrors(options: unknown): SkitaiError[] {
  const given: object = { port: undefined, ...Object(options) };
  return Object.entries(given).flatMap(([key, value]) => {
    const row = Object.hasOwn(rows, key) ? rows[key as keyof ProxyOptions] : undefined;
    if (row === undefined) return unknown("enableProxy", key, Object.keys(rows));
    if ((value === undefined && key !== "port") || row.accepts(value)) return [];
    const { accepted, secret } = row;
    const shown = secret || value === undefined ? {} : { value };
    return new SkitaiError("OPTION_INVALID", { name: `enableProxy ${key}`, ...shown, accepted });
  });
}

/** @returns what is wrong with a `setProxyKeepAlive` call */
export function proxyKeepAliveErrors(given: unknown): SkitaiError[] {
  const known = Object.keys(defaultProxyIdle);
  return Object.entries(Object(given) as object).flatMap(([key, value]) => {
    if (!known.includes(key)) return unknown("setProxyKeepAlive", key, known);
    if (value === undefined || (parseDuration(value) ?? 0) > 0) return [];
    const accepted = 'seconds above 0, or text like "10m"';
    return new SkitaiError("OPTION_INVALID", { name: `setProxyKeepAlive ${key}`, value, accepted });
  });
}
