import type { SQLQueryBindings } from "bun:sqlite";
import { Worker } from "node:worker_threads";
import type { Row } from "./sql-driver.ts";
import type { SqliteText } from "./sqlite-text.ts";
import { type ThreadAnswer, threadCode, type ThreadRequest } from "./sqlite-thread-code.ts";

let code: string | undefined;

/** What a statement came to in a thread. */
export interface Ran {
  /** Rows, or how many were changed. */
  readonly result: Row[] | number;
  /** Milliseconds, without copying. */
  readonly took: number;
}

/** One thread with a connection of its own to a file; opened by its first statement. */
export class SqliteThread {
  readonly #worker: Worker;
  #running: { resolve: (ran: Ran) => void; reject: (error: unknown) => void } | undefined;
  #ended = false;
  #closing = false;
  readonly #gone = Promise.withResolvers<void>();
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(path: string) {
    this.#worker = new Worker((code ??= threadCode()), { eval: true, workerData: path });
    this.#worker.on("message", (answer: ThreadAnswer) => this.#take(answer));
    this.#worker.on("messageerror", (error: unknown) => this.#exited(error));
    this.#worker.on("error", (error: unknown) => this.#exited(error));
    this.#worker.on("exit", () => this.#exited());
    this.#worker.unref();
  }

  /** It takes no more statements. */
  get ended(): boolean {
    return this.#ended || this.#closing;
  }

  /** One at a time. Rejects with SQLite's error, or SQLITE_THREAD when the thread ended. */
  run({ sql, script }: SqliteText, values: readonly SQLQueryBindings[]): Promise<Ran> {
    return this.#ask({ sql, script, values: values.map(alone) });
  }

  /** Ends a transaction that is open, if any; as `run`. */
  async rollback(): Promise<void> {
    await this.#ask("rollback");
  }

  #ask(request: ThreadRequest): Promise<Ran> {
    clearTimeout(this.#idleTimer);
    const { promise, resolve, reject } = Promise.withResolvers<Ran>();
    if (this.ended) reject(threadEnded());
    else {
      this.#running = { resolve, reject };
      this.#worker.ref();
      this.#worker.postMessage(request);
    }
    return promise;
  }

  /** Calls back when it had nothing to do for `seconds`. */
  rest(seconds: number, over: () => void): void {
    clearTimeout(this.#idleTimer);
    if (this.ended) return;
    this.#idleTimer = setTimeout(over, seconds * 1000).unref();
  }

  /**
   * Resolves when its connection is closed. A statement that runs is not waited for, nor can it be stopped: a thread that is
   * terminated ends when SQLite returns, and keeps its process from ending until then.
   */
  async close(): Promise<void> {
    if (this.ended) return;
    this.#closing = true;
    clearTimeout(this.#idleTimer);
    if (this.#running !== undefined) {
      this.#worker.unref();
      this.#running.reject(threadEnded());
    } else this.#worker.ref();
    this.#worker.postMessage("close" satisfies ThreadRequest);
    if (this.#running === undefined) await this.#gone.promise;
  }

  #take(answer: ThreadAnswer): void {
    const running = this.#running;
    this.#running = undefined;
    if (!this.#closing) this.#worker.unref();
    if ("result" in answer) running?.resolve(answer);
    else
      running?.reject(
        Object.assign(new Error(answer.error.message), {
          ...answer.error,
          name: "SQLiteError",
          took: answer.took,
        }),
      );
  }

  #exited(cause?: unknown): void {
    if (!this.#ended && cause !== undefined) void this.#worker.terminate();
    this.#ended = true;
    this.#gone.resolve();
    this.#running?.reject(threadEnded(cause));
    this.#running = undefined;
  }
}

const threadEnded = (cause?: unknown): Error =>
  Object.assign(new Error("its thread ended", { cause }), { code: "SQLITE_THREAD" });

/** Of a part of a buffer the whole would be copied. */
const alone = (value: SQLQueryBindings): SQLQueryBindings =>
  value instanceof Uint8Array && value.byteLength < value.buffer.byteLength ? value.slice() : value;
