import type { Task } from "../task.ts";

export type Dialect = "postgresql" | "sqlite";

/** A query, ready for a driver. */
export interface Statement {
  /** With `$1 $2 …` for PostgreSQL, `?` for SQLite. */
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Whether it changes rows. */
  readonly writes: boolean;
  /** All tables it names, as they were written, without alias. */
  readonly tables: readonly string[];
}

/** Runs what is built: a database handle or a transaction. */
export interface Executor {
  readonly dialect: Dialect;
  execute<Row>(statement: Statement): Task<Row[]>;
}

/** Where a part of a query is rendered; `tables` grows by those of subqueries. */
export interface Scope {
  readonly dialect: Dialect;
  tables: readonly string[];
}
