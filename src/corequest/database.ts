import { type AliasName, DB_PGSQL, DB_SQLITE3 } from "../config/alias-options.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { clusterOf } from "../upstream/clusters.ts";
import { sqlBackend } from "./backends/sql.ts";
import { SqlCall } from "./backends/sql-call.ts";
import type { Row, Rows } from "./backends/sql-driver.ts";
import { connectionOf } from "./connections.ts";
import type { Dialect, Statement } from "./query/executor.ts";
import { queries } from "./query/entry.ts";
import type { Queries } from "./query/queries.ts";
import type { AnyTables } from "./query/types.ts";
import { type DatabaseOptions, placeholders, threadOf, timeoutOf } from "./sql-options.ts";
import { refuseBegin } from "./sql-statements.ts";
import { start, startOnAll, type StartOptions } from "./start.ts";
import type { Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

/** The name of an alias for PostgreSQL or SQLite. */
export type SqlAlias = AliasName<typeof DB_PGSQL | typeof DB_SQLITE3>;

/** What both kinds of handles know. */
class Handle implements Disposable {
  readonly cluster: Cluster;
  protected readonly options: StartOptions;
  protected readonly thread: boolean;

  constructor(name: string, options: DatabaseOptions) {
    this.cluster = clusterOf(name, types);
    this.thread = threadOf(options);
    const timeout = timeoutOf(options);
    this.options = timeout === undefined ? (options as StartOptions) : { ...options, timeout };
  }

  /** What the query builder writes for. */
  get dialect(): Dialect {
    return this.cluster.type === DB_SQLITE3 ? "sqlite" : "postgresql";
  }

  /** Does nothing: `using db = was.db(…)` may stand where the reference says `with`. */
  [Symbol.dispose](): void {}
}

const types = [DB_PGSQL, DB_SQLITE3] as const;

/**
 * Statements on PostgreSQL or SQLite: the alias decides, the calls are the same. Each is under way when it is made, on a
 * connection of the pool. Spec D1, D2.
 * ```ts
 * using db = was.db("@petstore");
 * const pet = await db.execute("select * from pets where id = $1", [1]).one();
 * const { count } = await db.sql`update pets set name = ${name} where id = ${id}`;
 * ```
 * Rows are objects by column name; `count` is how many, or how many were changed. Whole numbers are `number`, beyond 2^53
 * `bigint`; PostgreSQL's `numeric` is text, `timestamp(tz)` a Date (without zone: UTC), `date` text like `2026-01-31`, `json`
 * its value, `bytea` bytes, an array a list. SQLite gives what is stored: a Date that was given is ISO text, truth 0 or 1,
 * lists and objects JSON text.
 */
export class Database<Tables = AnyTables> extends Handle {
  #queries: Queries<Tables> | undefined;

  /**
   * Parameters are sent beside the statement, never put into it; `$1` is the first. Several statements, separated by `;` and
   * without parameters, are done all or none, and give no rows.
   * @throws SkitaiError TRANSACTION_STATEMENT for `begin`; what goes wrong later is the task's: `SqlError`, `CorequestError`
   */
  execute<Item = Row>(statement: string | Statement, parameters: readonly unknown[] = []): Task<Rows<Item>> {
    const call = callOf(statement, parameters, this.thread);
    return start(sqlBackend, this.cluster, call, this.options) as Task<Rows<Item>>;
  }

  /** `` db.sql`select * from pets where id = ${id}` ``: every value is a parameter. */
  sql<Item = Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): Task<Rows<Item>> {
    return this.execute(placeholders(strings), values);
  }

  get select(): Queries<Tables>["select"] {
    return this.#builder.select;
  }

  get insert(): Queries<Tables>["insert"] {
    return this.#builder.insert;
  }

  get update(): Queries<Tables>["update"] {
    return this.#builder.update;
  }

  get delete(): Queries<Tables>["delete"] {
    return this.#builder.delete;
  }

  /**
   * The driver's own object, for LISTEN, COPY and what else is not everybody's: `Bun.SQL`, `postgres.Sql` or
   * `bun:sqlite`'s `Database`. It stays the pool's: do not close it.
   */
  async raw<Client = unknown>(): Promise<Client> {
    const member = this.cluster.claim()!;
    member.release();
    return (await connectionOf(sqlBackend, member, this.cluster).ready()).client as Client;
  }

  get #builder(): Queries<Tables> {
    return (this.#queries ??= queries<Tables>(this));
  }
}

/** The same statement on every member; results in their order, failures included. Spec Q5. */
export class DatabaseMap extends Handle {
  execute<Item = Row>(
    statement: string | Statement,
    parameters: readonly unknown[] = [],
  ): Tasks<Task<Rows<Item>>[]> {
    const call = callOf(statement, parameters, this.thread);
    return startOnAll(sqlBackend, this.cluster, call, this.options) as unknown as Tasks<Task<Rows<Item>>[]>;
  }

  sql<Item = Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): Tasks<Task<Rows<Item>>[]> {
    return this.execute(placeholders(strings), values);
  }
}

function callOf(statement: string | Statement, parameters: readonly unknown[], thread: boolean): SqlCall {
  if (typeof statement === "object" && statement !== null)
    return new SqlCall(statement.sql, statement.parameters, statement.writes, thread);
  refuseBegin(statement);
  return new SqlCall(statement, parameters, undefined, thread);
}

const none: DatabaseOptions = Object.freeze({});

/** What `was.db` is. */
export interface DatabaseEntry {
  <Tables = AnyTables>(name: SqlAlias, options?: DatabaseOptions): Database<Tables>;
  /** The same: the least busy member is always chosen. */
  readonly lb: <Tables = AnyTables>(name: SqlAlias, options?: DatabaseOptions) => Database<Tables>;
  readonly map: (name: SqlAlias, options?: DatabaseOptions) => DatabaseMap;
}

const one = <Tables = AnyTables>(name: SqlAlias, options: DatabaseOptions = none): Database<Tables> =>
  new Database<Tables>(name, options);

/**
 * @throws SkitaiError ALIAS_UNKNOWN, ALIAS_TYPE, OPTION_INVALID
 */
export const database: DatabaseEntry = Object.assign(one.bind(undefined) as typeof one, {
  lb: one,
  map: (name: SqlAlias, options: DatabaseOptions = none) => new DatabaseMap(name, options),
});
