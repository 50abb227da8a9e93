import type { Database, SQLQueryBindings, Statement } from "bun:sqlite";
import type { MessagePort } from "node:worker_threads";
import type { Row } from "./sql-driver.ts";
import { createRunner, type Runner } from "./sqlite-runner.ts";
import type { SqliteText } from "./sqlite-text.ts";

/** What a thread is told; it answers each with one `ThreadAnswer`, but `close` by its end. */
export type ThreadRequest =
  "close" | "rollback" | (SqliteText & { readonly values: readonly SQLQueryBindings[] });

export type ThreadAnswer = { /** Milliseconds. */ readonly took: number } & (
  | { readonly result: Row[] | number }
  /** An error does not keep what SQLite adds to it when it is copied. */
  | { readonly error: { readonly message: string; readonly code?: string; readonly errno?: number } }
);

/** The part of a process that a thread may use; passed in, see `createRunner`. */
interface Surroundings {
  readonly Database: typeof Database;
  readonly port: MessagePort;
  readonly path: string;
  readonly runner: Runner;
  readonly exit: () => void;
}

/** All that a thread does. Names nothing but its own, as `createRunner`. */
function serve({ Database, port, path, runner, exit }: Surroundings): void {
  const maxStatements = 64;
  const statements = new Map<string, Statement<Row>>();
  let database: Database | undefined;

  function open(): Database {
    const opened = new Database(path, { create: false, readwrite: true, safeIntegers: true });
    try {
      opened.run("pragma busy_timeout = 2");
      opened.run("pragma synchronous = normal");
      opened.run("pragma foreign_keys = on");
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  function compiled(on: Database, sql: string): Statement<Row> {
    let statement = statements.get(sql);
    statements.delete(sql);
    statement ??= on.prepare<Row, SQLQueryBindings[]>(sql);
    statements.set(sql, statement);
    if (statements.size > maxStatements) {
      const [[oldest, unused]] = statements as Iterable<[string, Statement<Row>]> as [
        [string, Statement<Row>],
      ];
      statements.delete(oldest);
      unused.finalize();
    }
    return statement;
  }

  function run({ sql, script, values }: Exclude<ThreadRequest, string>): Row[] | number {
    const on = (database ??= open());
    return script ? runner.script(on, sql, values) : runner.statement(compiled(on, sql), values);
  }

  function rollback(): number {
    if (database?.inTransaction) database.run("rollback");
    return 0;
  }

  port.on("message", (request: ThreadRequest) => {
    if (request === "close") {
      for (const statement of statements.values()) statement.finalize();
      database?.close();
      return exit();
    }
    const began = performance.now();
    try {
      const result = request === "rollback" ? rollback() : run(request);
      port.postMessage({ result, took: performance.now() - began });
    } catch (thrown) {
      const { message, code, errno } = thrown as Error & { code?: string; errno?: number };
      port.postMessage({ error: { message, code, errno }, took: performance.now() - began });
    }
  });
}

/**
 * The module of a thread as text: an executable has no file that it could be loaded from, and the script itself, with all
 * that it mounts, is too much for it.
 */
export const threadCode = (): string =>
  `import { Database } from "bun:sqlite";
import { parentPort as port, workerData as path } from "node:worker_threads";
(${serve})({ Database, port, path, runner: (${createRunner})(), exit: () => process.exit() });`;
