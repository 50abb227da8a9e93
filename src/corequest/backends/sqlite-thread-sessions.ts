import { bound, rowsFrom } from "./sqlite-connection.ts";
import type { Rows, SqlSession, Steering } from "./sql-driver.ts";
import { patiently } from "./sqlite-patience.ts";
import { sqliteText } from "./sqlite-text.ts";
import { SqliteThread } from "./sqlite-thread.ts";

/** Seconds without a transaction after which the thread ends. */
const idleSeconds = 60;

/** Transactions in a thread of their own; there is one at a time, as for all that write. */
export class ThreadSessions {
  readonly #path: string;
  #thread: SqliteThread | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param done called when the next one may come */
  open(done: () => void): SqlSession {
    if (this.#thread === undefined || this.#thread.ended) this.#thread = new SqliteThread(this.#path);
    const thread = this.#thread;
    let last: Promise<unknown> = Promise.resolve();
    let released: Promise<void> | undefined;
    const release = async (): Promise<void> => {
      try {
        // One that nobody waits for cannot be stopped.
        await last;
        await thread.rollback();
      } catch {
        // It ended, and with it what was not committed.
        await thread.close();
      } finally {
        done();
        thread.rest(idleSeconds, () => void thread.close());
      }
    };
    return {
      query: (sql, parameters, control) => {
        const rows = query(thread, sql, parameters, control);
        last = rows.then(none, none);
        return rows;
      },
      release: () => (released ??= release()),
    };
  }

  async close(): Promise<void> {
    await this.#thread?.close();
  }
}

const none = (): void => {};

/** What came after its time has failed: a transaction that was told so is not to be committed. */
async function query(
  thread: SqliteThread,
  sql: string,
  parameters: readonly unknown[],
  control: Steering,
): Promise<Rows> {
  const values = bound(parameters);
  const text = sqliteText(sql);
  const { result } = await patiently(() => thread.run(text, values), control);
  if (control.reason !== undefined) throw new Error("it came too late");
  return rowsFrom(result);
}
