import type { Database, SQLQueryBindings, Statement } from "bun:sqlite";
import type { Row } from "./sql-driver.ts";

/** What runs statements on an open database: rows, or how many were changed. */
export interface Runner {
  /** @throws SQLite's error */
  readonly statement: (statement: Statement<Row>, values: readonly SQLQueryBindings[]) => Row[] | number;
  /** As PostgreSQL does: all of them, or none. @throws SQLite's error */
  readonly script: (database: Database, text: string, values: readonly SQLQueryBindings[]) => number;
}

/**
 * The source of this function is sent to threads (sqlite-thread.ts), so that it may name nothing but its own: no imports, no
 * constants of this file, no `require`.
 */
export function createRunner(): Runner {
  const whole = (value: bigint): number | bigint =>
    value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

  function statement(compiled: Statement<Row>, values: readonly SQLQueryBindings[]): Row[] | number {
    if (compiled.paramsCount !== values.length)
      throw new Error(`SQLite query expected ${compiled.paramsCount} values, received ${values.length}`);
    if (!compiled.reader) return compiled.run(...values).changes;
    const rows = compiled.all(...values);
    for (const row of rows)
      for (const name in row) {
        const value = row[name];
        if (typeof value === "bigint") row[name] = whole(value);
      }
    return rows;
  }

  function script(database: Database, text: string, values: readonly SQLQueryBindings[]): number {
    if (values.length > 0)
      throw Object.assign(new Error("syntax error: several statements take no parameters"), {
        code: "SQLITE_ERROR",
      });
    const nested = database.inTransaction;
    if (!nested) database.run("begin immediate");
    try {
      const { changes } = database.run(text);
      if (nested && !database.inTransaction)
        throw Object.assign(new Error("a statement of the text has ended the transaction"), {
          code: "SQLITE_ERROR",
        });
      if (!nested) database.run("commit");
      return changes;
    } catch (error) {
      if (!nested && database.inTransaction) database.run("rollback");
      throw error;
    }
  }

  return { statement, script };
}
