import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  aliasDeclaration,
  type AliasOptions,
  DB_PGSQL,
  DB_SQLITE3,
} from "../../../src/config/alias-options.ts";
import { installAlias } from "../../../src/upstream/clusters.ts";
import { closeConnections } from "../../../src/corequest/connections.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";

export const kinds = ["bun", "postgres", "sqlite"] as const;
export type Kind = (typeof kinds)[number];

let made = 0;
type Alias = `@${string}`;

/** One database for each kind, as the tests of a file share it. */
export class Databases implements AsyncDisposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), "skitai-sql-"));
  readonly server: PostgresServer;

  private constructor(server: PostgresServer) {
    this.server = server;
  }

  static async start(settings?: Record<string, string | number>): Promise<Databases> {
    return new Databases(await startPostgres(settings));
  }

  /** A new alias: its pool is its own. */
  alias(kind: Kind, options: AliasOptions = {}, member: string = this.server.url): Alias {
    return kind === "sqlite"
      ? declare(DB_SQLITE3, join(this.directory, `${++made}.db`), options)
      : declare(DB_PGSQL, member, { ...options, driver: { name: kind, ...options.driver } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeConnections();
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function declare(
  type: typeof DB_PGSQL | typeof DB_SQLITE3,
  members: string | readonly string[],
  options: AliasOptions = {},
): Alias {
  const name: Alias = `@sql${++made}`;
  installAlias(aliasDeclaration(name, type, members, options));
  return name;
}

/** What a promise rejects with. */
export const rejection = (promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> =>
  Promise.resolve(promise).then(
    (value) => Promise.reject(new Error(`resolved to ${Bun.inspect(value)}`)),
    (error: Error & Record<string, unknown>) => error,
  );
