import type { Duration } from "./settings.ts";
import { parseDuration } from "./units.ts";

/** Whether a member is well, asked by each worker. Spec P2. */
export interface HealthCheck {
  /** Asked by GET. */
  path: string;
  /** Time between two checks, ten percent more or less. Default 5 s. */
  interval?: Duration;
  /** Longest time of a check. Default 2 s. */
  timeout?: Duration;
  /** Checks in a row that bring a member back. Default 2. */
  rise?: number;
  /** Checks in a row that take a member out. Default 3. */
  fall?: number;
  /** The status of a member that is well. Default 200 to 399. */
  status?: number;
}

/** How a reverse proxy asks the members of an alias. Spec P2. */
export interface ProxyAliasOptions {
  /** Longest time of the reverse proxy to connect, TLS included; calls have `firstByteTimeout` instead. Default 3 s. */
  connectTimeout?: Duration;
  /** Connections of each worker to each member. Default 1024; of `was.get` and the like as many as there are calls. */
  connections?: number;
  /** Requests of each worker that wait for a connection to a member; more are answered with 503, more calls have failed unsent. Default 1024. */
  queue?: number;
  /** Active checks. Default none: members that fail are set aside. */
  health?: HealthCheck;
  /** Time in which a member that comes back gets its whole share again. Default none. */
  slowStart?: Duration;
  /** Who came to a member comes to it again: by a cookie, or by the address of the client. Default neither. */
  sticky?: "cookie" | "client";
  /** Default `skitai-member`. */
  stickyCookie?: string;
  /** Members get the `Host` of the client instead of their own. Default false. */
  preserveHost?: boolean;
  /** `"http2"` towards members of TLS. Default `"http1"`. */
  protocol?: "http1" | "http2";
}

interface Check {
  readonly fits: (value: unknown) => boolean;
  readonly accepted: string;
}

const duration =
  (least: number, most: number): Check["fits"] =>
  (value) => {
    const seconds = parseDuration(value);
    return seconds !== undefined && seconds >= least && seconds <= most;
  };
const integer =
  (least: number, most: number): Check["fits"] =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
const oneOf =
  (...values: unknown[]): Check["fits"] =>
  (value) =>
    values.includes(value);

const token = /^[!#$%&'*+.^_`|~\w-]{1,64}$/;
const checks: Readonly<Record<keyof ProxyAliasOptions, Check>> = {
  connectTimeout: { fits: duration(0.01, 300), accepted: "connectTimeout from 10 ms to 5 minutes" },
  connections: { fits: integer(1, 65_535), accepted: "connections as an integer from 1 to 65535" },
  queue: { fits: integer(0, 1_000_000), accepted: "queue as an integer from 0 to 1000000" },
  health: { fits: (value) => value !== null && typeof value === "object", accepted: "health as { path, … }" },
  slowStart: { fits: duration(0, 3600), accepted: "slowStart from 0 seconds to 1 hour" },
  sticky: { fits: oneOf("cookie", "client"), accepted: 'sticky as "cookie" or "client"' },
  stickyCookie: {
    fits: (value) => typeof value === "string" && token.test(value),
    accepted: "stickyCookie as the name of a cookie",
  },
  preserveHost: { fits: oneOf(true, false), accepted: "preserveHost as true or false" },
  protocol: { fits: oneOf("http1", "http2"), accepted: 'protocol as "http1" or "http2"' },
};
const healthChecks: Readonly<Record<keyof HealthCheck, Check>> = {
  path: {
    fits: (value) => typeof value === "string" && /^\/[\x21-\x7e]*$/.test(value),
    accepted: 'health.path like "/healthz"',
  },
  interval: { fits: duration(0.05, 3600), accepted: "health.interval from 50 ms to 1 hour" },
  timeout: { fits: duration(0.01, 300), accepted: "health.timeout from 10 ms to 5 minutes" },
  rise: { fits: integer(1, 100), accepted: "health.rise as an integer from 1 to 100" },
  fall: { fits: integer(1, 100), accepted: "health.fall as an integer from 1 to 100" },
  status: { fits: integer(200, 599), accepted: "health.status as an integer from 200 to 599" },
};

export const proxyOptionNames = Object.keys(checks);

/** What is wrong with the first option that is. */
export function proxyRefusal(options: ProxyAliasOptions): { value: unknown; accepted: string } | undefined {
  const own = refusalOf(
    options,
    checks,
    Object.keys(options).filter((key) => key in checks),
  );
  if (own !== undefined || options.health === undefined) return own;
  return refusalOf(options.health, healthChecks, ["path", ...Object.keys(options.health)]);
}

function refusalOf(
  given: object,
  table: Readonly<Record<string, Check>>,
  keys: readonly string[],
): { value: unknown; accepted: string } | undefined {
  for (const key of keys) {
    const value = (given as Record<string, unknown>)[key];
    const check = table[key];
    if (check === undefined) return { value: key, accepted: `health of ${Object.keys(table).join(", ")}` };
    if (value === undefined && key !== "path") continue;
    if (!check.fits(value)) return { value, accepted: check.accepted };
  }
  return undefined;
}
