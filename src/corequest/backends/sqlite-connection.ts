import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { LRUCache } from "lru-cache";
import { SkitaiError } from "../../errors.ts";
import { whole } from "./postgres-values.ts";
import { type Row, type Rows, rowsOf } from "./sql-driver.ts";
import { sqliteText } from "./sqlite-text.ts";

/** Compiled statements that are kept. */
const maxStatements = 256;
/** Milliseconds that SQLite itself waits for a lock, in which the process does nothing else. */
const busyTimeout = 2;

/** A text of several statements. */
interface Script {
  readonly script: string;
}

/** One open database, with its compiled statements. */
export class SqliteConnection {
  readonly database: Database;
  readonly #statements = new LRUCache<string, Statement<Row> | Script>({
    max: maxStatements,
    dispose: (statement) => "finalize" in statement && statement.finalize(),
  });

  /** @throws SQLITE_BUSY when others open it just now */
  constructor(path: string) {
    this.database = new Database(path, { create: true, readwrite: true, safeIntegers: true });
    try {
      this.database.run(`pragma busy_timeout = ${busyTimeout}`);
      if (path !== ":memory:") this.database.run("pragma journal_mode = wal");
      this.database.run("pragma synchronous = normal");
      this.database.run("pragma foreign_keys = on");
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /** Whether a statement leaves the file as it is. @throws SQLite's error */
  isRead(sql: string): boolean {
    const statement = this.#compiled(sql);
    return "readonly" in statement && statement.readonly;
  }

  /** @throws SQLite's error; SkitaiError SQL_PARAMETER */
  run(sql: string, parameters: readonly unknown[]): Rows {
    const statement = this.#compiled(sql);
    if (!("reader" in statement)) return this.#runScript(statement, parameters);
    if (statement.paramsCount !== parameters.length)
      throw new Error(`SQLite query expected ${statement.paramsCount} values, received ${parameters.length}`);
    const bound = parameters.map(bind);
    if (!statement.reader) return rowsOf<Row>([], statement.run(...bound).changes);
    const rows = statement.all(...bound);
    for (const row of rows)
      for (const name in row) {
        const value = row[name];
        if (typeof value === "bigint") row[name] = whole(value);
      }
    return rowsOf(rows, rows.length);
  }

  /** As PostgreSQL does: all of them, or none. */
  #runScript({ script }: Script, parameters: readonly unknown[]): Rows {
    if (parameters.length > 0)
      throw Object.assign(new Error("syntax error: several statements take no parameters"), {
        code: "SQLITE_ERROR",
      });
    const nested = this.database.inTransaction;
    if (!nested) this.database.run("begin immediate");
    try {
      const { changes } = this.database.run(script);
      if (!nested) this.database.run("commit");
      return rowsOf<Row>([], changes);
    } catch (error) {
      if (!nested && this.database.inTransaction) this.database.run("rollback");
      throw error;
    }
  }

  #compiled(sql: string): Statement<Row> | Script {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const text = sqliteText(sql);
    const made = text.script
      ? { script: text.sql }
      : this.database.prepare<Row, SQLQueryBindings[]>(text.sql);
    this.#statements.set(sql, made);
    return made;
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }
}

const most = 2n ** 63n;

/** SQLite has four types: days and times are kept as ISO text, lists and objects as JSON text, truth as 0 and 1. */
function bind(value: unknown, index: number): SQLQueryBindings {
  if (typeof value === "bigint" && (value >= most || value < -most))
    throw new SkitaiError("SQL_PARAMETER", {
      name: `parameter $${index + 1}`,
      value,
      accepted: "a whole number of 64 bits",
    });
  if (typeof value !== "object" || value === null || value instanceof Uint8Array)
    return value as SQLQueryBindings;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}
