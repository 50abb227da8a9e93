import type { SQLQueryBindings } from "bun:sqlite";
import type { Steering } from "./sql-driver.ts";
import type { SqliteText } from "./sqlite-text.ts";
import { type Ran, SqliteThread } from "./sqlite-thread.ts";
import { Turns } from "./turns.ts";

/** Threads for one file. */
const size = 2;
/** More of them, in place of those whose statement nobody waits for any more, and which SQLite does not stop. */
const spare = 2;
/** Statements that may wait for a thread. */
const maxWaiting = 1000;

/** Threads that run the long statements of one file, made when they are needed. */
export class SqliteThreads {
  readonly #path: string;
  readonly #idleSeconds: number;
  readonly #turns = new Turns(size, "other long statements");
  readonly #all = new Set<SqliteThread>();
  readonly #idle: SqliteThread[] = [];
  #overdue = 0;

  /** @param idleSeconds without a statement, after which a thread ends */
  constructor(path: string, idleSeconds = 60) {
    this.#path = path;
    this.#idleSeconds = idleSeconds;
  }

  /** How many there are now. */
  get size(): number {
    return this.#all.size;
  }

  /**
   * Ends with the statement, also when its task was given up before: SQLite goes on until then.
   * Rejects with SQLite's error, SQLITE_THREAD, or SQLITE_THREADS_BUSY when too many wait.
   */
  async run(text: SqliteText, values: readonly SQLQueryBindings[], control: Steering): Promise<Ran> {
    if (this.#turns.waiting >= maxWaiting)
      throw Object.assign(new Error(`${maxWaiting} long statements wait already`), {
        code: "SQLITE_THREADS_BUSY",
      });
    const done = await this.#turns.take(control);
    if (control.reason !== undefined) {
      done();
      throw new Error("it was given up");
    }
    let over = false;
    let overdue = false;
    const thread = this.#free();
    control.onCancel(() => {
      if (over || this.#overdue >= spare) return;
      overdue = true;
      this.#overdue++;
      done();
    });
    try {
      return await thread.run(text, values);
    } finally {
      over = true;
      if (overdue) this.#overdue--;
      this.#rest(thread);
      done();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((thread) => this.#end(thread)));
  }

  #free(): SqliteThread {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.ended) return idle;
      this.#all.delete(idle);
    }
    const thread = new SqliteThread(this.#path);
    this.#all.add(thread);
    return thread;
  }

  #rest(thread: SqliteThread): void {
    if (thread.ended) this.#all.delete(thread);
    else if (this.#idle.length >= size) void this.#end(thread);
    else {
      this.#idle.push(thread);
      thread.rest(this.#idleSeconds, () => void this.#end(thread));
    }
  }

  #end(thread: SqliteThread): Promise<void> {
    this.#all.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    return thread.close();
  }
}
