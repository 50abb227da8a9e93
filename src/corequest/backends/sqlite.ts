import { abspath } from "../../config/paths.ts";
import type { Member } from "../../upstream/member.ts";
import type { Rows, SqlDriver, SqlSession, Steering } from "./sql-driver.ts";
import { bound, rowsFrom, SqliteConnection } from "./sqlite-connection.ts";
import { isBusy, sqliteFault } from "./sqlite-error.ts";
import { patiently } from "./sqlite-patience.ts";
import { SlowTexts } from "./sqlite-slow.ts";
import { sqliteText } from "./sqlite-text.ts";
import { ThreadSessions } from "./sqlite-thread-sessions.ts";
import { SqliteThreads } from "./sqlite-threads.ts";
import { Turns } from "./turns.ts";

const memory = ":memory:";
/** Milliseconds that opening may take while others open the same file. */
const openTimeout = 5000;

/**
 * A file below the script's directory, or `:memory:`, one for each worker. Processes that write at once wait for each other
 * without holding their event loops. Statements run on the event loop, which is the fastest for short ones; long ones in
 * threads: those of `{ thread: true }`, and queries that were slow the last time. Not in memory, which threads cannot share.
 */
export async function open({ declaration }: Member): Promise<SqlDriver> {
  const path = declaration.host === memory ? memory : abspath(declaration.host);
  return new SqliteDriver(path, await connect(path));
}

function connect(path: string): Promise<SqliteConnection> {
  const until = Date.now() + openTimeout;
  return patiently(() => new SqliteConnection(path), {
    get left() {
      return Math.max(1, until - Date.now());
    },
  });
}

class SqliteDriver implements SqlDriver {
  readonly begin = "begin immediate";
  readonly fault = sqliteFault;
  readonly #path: string;
  readonly #main: SqliteConnection;
  /** Of transactions: what runs beside them does not see what is not committed. In memory there is only one. */
  #second: SqliteConnection | undefined;
  readonly #writers = new Turns();
  /** `undefined` in memory. */
  readonly #threads: SqliteThreads | undefined;
  readonly #sessions: ThreadSessions;
  readonly #slow = new SlowTexts();

  constructor(path: string, main: SqliteConnection) {
    this.#path = path;
    this.#main = main;
    this.#sessions = new ThreadSessions(path);
    if (path === memory) this.#second = main;
    else this.#threads = new SqliteThreads(path);
  }

  get client(): unknown {
    return this.#main.database;
  }

  async query(sql: string, parameters: readonly unknown[], control: Steering, thread = false): Promise<Rows> {
    if (this.#threads !== undefined && (thread || this.#slow.has(sql))) {
      const run = thread ? this.#runInThread : this.#trySlow;
      const rows = await run.call(this, this.#threads, sql, parameters, control);
      if (rows !== undefined) return rows;
    }
    if (!this.#writers.taken || this.#main.isRead(sql))
      try {
        return this.#runHere(sql, parameters);
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
    const done = await this.#writers.take(control);
    try {
      return await patiently(() => this.#main.run(sql, parameters), control);
    } finally {
      done();
    }
  }

  #runHere(sql: string, parameters: readonly unknown[]): Rows {
    const began = performance.now();
    const rows = this.#main.run(sql, parameters);
    this.#slow.ranHere(sql, performance.now() - began);
    return rows;
  }

  /** Writes wait for each other, wherever they run. */
  async #runInThread(
    threads: SqliteThreads,
    sql: string,
    parameters: readonly unknown[],
    control: Steering,
  ): Promise<Rows> {
    const text = sqliteText(sql);
    const values = bound(parameters);
    const done = this.#main.isRead(sql) ? undefined : await this.#writers.take(control);
    try {
      const { result, took } = await patiently(() => threads.run(text, values, control), control);
      this.#slow.ranInThread(sql, took);
      return rowsFrom(result);
    } finally {
      done?.();
    }
  }

  /** `undefined` when it is for the event loop: it knows what is of its connection, like temporary tables and functions. */
  async #trySlow(
    threads: SqliteThreads,
    sql: string,
    parameters: readonly unknown[],
    control: Steering,
  ): Promise<Rows | undefined> {
    if (!this.#main.isPlain) return undefined;
    try {
      return await this.#runInThread(threads, sql, parameters, control);
    } catch (error) {
      if ((error as { code?: string }).code !== "SQLITE_ERROR" || control.reason !== undefined) throw error;
      this.#slow.forget(sql);
      return undefined;
    }
  }

  async reserve(control: Steering, thread = false): Promise<SqlSession> {
    const done = await this.#writers.take(control);
    if (thread && this.#threads !== undefined) return this.#sessions.open(done);
    try {
      const connection = (this.#second ??= await connect(this.#path));
      return {
        query: (sql, parameters, steering) => patiently(() => connection.run(sql, parameters), steering),
        release: () => {
          if (connection.database.inTransaction) connection.database.run("rollback");
          done();
        },
      };
    } catch (error) {
      done();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#threads?.close(), this.#sessions.close()]);
    if (this.#second !== this.#main) this.#second?.close();
    this.#main.close();
  }
}
