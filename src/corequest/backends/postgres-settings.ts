import { userInfo } from "node:os";
import { join } from "node:path";
import type { AliasTls } from "../../config/alias-options.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";

/** Where and how to connect, all of it: nothing is left to what a driver reads from the environment. */
export interface PostgresSettings {
  readonly host: string;
  readonly port: number;
  /** Of a Unix socket. */
  readonly path: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Most connections. */
  readonly pool: number;
  readonly tls: AliasTls | undefined;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Seconds after which an unused connection is closed. */
  readonly idleTimeout: number;
  /** Options of the driver itself. */
  readonly more: Readonly<Record<string, unknown>>;
}

/**
 * `driver: { connect_timeout, idle_timeout }` are understood for every driver (seconds; default 5 and 60), `name` chooses it,
 * the rest is the driver's own. Without user and database in the member: `PGUSER`, `PGPASSWORD`, `PGDATABASE`, else the name
 * of the process's user, as every client of PostgreSQL does.
 */
export function postgresSettings(
  { declaration }: Member,
  { options }: Pick<Cluster, "options">,
): PostgresSettings {
  const { name: _name, connect_timeout = 5, idle_timeout = 60, ...more } = options.driver ?? {};
  const user = declaration.user ?? Bun.env["PGUSER"] ?? userInfo().username;
  const local = declaration.host.startsWith("/");
  return {
    host: local ? "localhost" : declaration.host,
    port: local ? 5432 : declaration.port,
    path: local ? socketPath(declaration.host) : undefined,
    user,
    password: declaration.password ?? Bun.env["PGPASSWORD"] ?? "",
    database: declaration.database ?? Bun.env["PGDATABASE"] ?? user,
    pool: options.pool ?? 8,
    tls: options.ssl === true ? {} : options.ssl === false ? undefined : options.ssl,
    connectTimeout: Number(connect_timeout),
    idleTimeout: Number(idle_timeout),
    more,
  };
}

/** A directory is what PostgreSQL's own tools are given. */
const socketPath = (path: string): string =>
  path.includes(".s.PGSQL.") ? path : join(path, ".s.PGSQL.5432");
