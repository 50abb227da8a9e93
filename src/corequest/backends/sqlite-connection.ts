import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { LRUCache } from "lru-cache";
import { SkitaiError } from "../../errors.ts";
import { type Row, type Rows, rowsOf } from "./sql-driver.ts";
import { createRunner } from "./sqlite-runner.ts";
import { sqliteText } from "./sqlite-text.ts";

/** Compiled statements that are kept. */
const maxStatements = 256;
/** Milliseconds that SQLite itself waits for a lock, in which the process does nothing else. */
const busyTimeout = 2;

const runner = createRunner();

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

  #databases: Statement | undefined;

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

  /** Whether other connections to the file see the same: no temporary tables, nothing attached. */
  get isPlain(): boolean {
    return (this.#databases ??= this.database.prepare("pragma database_list")).values().length === 1;
  }

  /** @throws SQLite's error; SkitaiError SQL_PARAMETER */
  run(sql: string, parameters: readonly unknown[]): Rows {
    const statement = this.#compiled(sql);
    const values = bound(parameters);
    return rowsFrom(
      "reader" in statement
        ? runner.statement(statement, values)
        : runner.script(this.database, statement.script, values),
    );
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
    this.#databases?.finalize();
    this.database.close();
  }
}

export const rowsFrom = (result: Row[] | number): Rows =>
  typeof result === "number" ? rowsOf<Row>([], result) : rowsOf(result, result.length);

/** Parameters as SQLite takes them. @throws SkitaiError SQL_PARAMETER */
export const bound = (parameters: readonly unknown[]): SQLQueryBindings[] => parameters.map(bind);

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
