import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import type { Control } from "../control.ts";
import type { SqlFault } from "./sql-error.ts";

export type Row = Record<string, unknown>;

/** Rows by column name. */
export type Rows<Item = Row> = Item[] & {
  /** Rows that a statement gave, or those that it changed. */
  readonly count: number;
};

/** What steers a statement: the deadline of its task, and who cancels it. */
export type Steering = Pick<Control, "left" | "onCancel" | "started" | "reason">;

/** One connection, kept for a transaction. */
export interface SqlSession {
  query(sql: string, parameters: readonly unknown[], control: Steering): Promise<Rows>;
  /** Back to the pool; twice does nothing. @param broken its state is not known: it is closed */
  release(broken: boolean): void | Promise<void>;
}

/**
 * The connections of a worker to one member. What both sides of a driver agree on is in `test/corequest/sql/contract.ts`.
 * Errors are the driver's own; `fault` says what they mean.
 */
export interface SqlDriver {
  /** How a transaction begins. */
  readonly begin: string;
  /** @param thread it may take long: away from the event loop, where the statement would run on it (SQLite) */
  query(sql: string, parameters: readonly unknown[], control: Steering, thread?: boolean): Promise<Rows>;
  /** Waits for a free connection until `control` is over. */
  reserve(control: Steering, thread?: boolean): Promise<SqlSession>;
  fault(error: unknown): SqlFault;
  /** The library's own object. */
  readonly client: unknown;
  close(): void | Promise<void>;
}

/** What a module of a driver exports. */
export interface SqlDriverModule {
  open(member: Member, cluster: Cluster): SqlDriver | Promise<SqlDriver>;
}

/** Rows without what a library hangs on them. */
export function rowsOf<Item>(rows: Item[], count: number): Rows<Item> {
  Object.defineProperty(rows, "count", { value: count });
  return rows as Rows<Item>;
}
