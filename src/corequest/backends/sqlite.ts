import { abspath } from "../../config/paths.ts";
import type { Member } from "../../upstream/member.ts";
import type { Rows, SqlDriver, SqlSession, Steering } from "./sql-driver.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { isBusy, sqliteFault } from "./sqlite-error.ts";
import { Turns } from "./turns.ts";

const memory = ":memory:";
/** Milliseconds between two tries while another process writes: a random part of it. */
const pause = 20;
/** Milliseconds that opening may take while others open the same file. */
const openTimeout = 5000;

/**
 * A file below the script's directory, or `:memory:`, one for each worker. Processes that write at once wait for each other
 * without holding their event loops.
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

  constructor(path: string, main: SqliteConnection) {
    this.#path = path;
    this.#main = main;
    if (path === memory) this.#second = main;
  }

  get client(): unknown {
    return this.#main.database;
  }

  async query(sql: string, parameters: readonly unknown[], control: Steering): Promise<Rows> {
    if (!this.#writers.taken || this.#main.isRead(sql))
      try {
        return this.#main.run(sql, parameters);
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

  async reserve(control: Steering): Promise<SqlSession> {
    const done = await this.#writers.take(control);
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

  close(): void {
    if (this.#second !== this.#main) this.#second?.close();
    this.#main.close();
  }
}

/** Tries again while others write, until the task is over. */
async function patiently<Value>(
  work: () => Value,
  control: Pick<Steering, "left"> & Partial<Pick<Steering, "reason">>,
): Promise<Value> {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || control.reason !== undefined || control.left <= 1) throw error;
    }
    await Bun.sleep(1 + Math.random() * pause);
  }
}
