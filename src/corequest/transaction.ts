import { DB_SQLITE3 } from "../config/alias-options.ts";
import { SkitaiError } from "../errors.ts";
import { parseDuration } from "../config/units.ts";
import { SqlCall } from "./backends/sql-call.ts";
import { type Row, type Rows, rowsOf } from "./backends/sql-driver.ts";
import type { SqlAlias } from "./database.ts";
import type { Dialect, Statement } from "./query/executor.ts";
import { queries } from "./query/entry.ts";
import type { Queries } from "./query/queries.ts";
import type { AnyTables } from "./query/types.ts";
import { seconds } from "./durations.ts";
import { placeholders } from "./sql-options.ts";
import { refuseEnd } from "./sql-statements.ts";
import { Task } from "./task.ts";
import { hold, type TransactionOptions } from "./transaction-begin.ts";
import type { Held } from "./transaction-held.ts";

/**
 * Statements that take effect together, on a connection of their own. Spec D3.
 * ```ts
 * await using tx = await was.transaction("@petstore");
 * await tx.execute("update pets set owner = $1 where id = $2", [owner, id]);
 * await tx.commit();
 * ```
 * Without `commit` it is rolled back at the end of `await using`. `commit` and `rollback` give the connection back. After a
 * statement that failed only `rollback` helps, or that of a savepoint, on SQLite as well.
 */
export class Transaction<Tables = AnyTables> implements AsyncDisposable {
  readonly #held: Held;
  readonly #autoPutback: boolean;
  readonly #timeout: number | undefined;
  #queries: Queries<Tables> | undefined;
  #last: Task<Rows> | undefined;
  /** Rows of the last statement that were fetched. */
  #fetched = 0;
  #savepoints = 0;

  constructor(held: Held, { autoPutback = true, timeout }: TransactionOptions) {
    this.#held = held;
    this.#autoPutback = autoPutback;
    const { options } = held.parts.cluster;
    this.#timeout = timeout === undefined ? parseDuration(options.timeout) : seconds(timeout);
    forgotten.register(this, held, held);
  }

  get dialect(): Dialect {
    return this.#held.parts.cluster.type === DB_SQLITE3 ? "sqlite" : "postgresql";
  }

  /** Whether it is over, by whomever. */
  get ended(): boolean {
    return this.#held.ended !== undefined;
  }

  /** As of `was.db`; statements are done in their order, awaited or not. */
  execute<Item = Row>(statement: string | Statement, parameters: readonly unknown[] = []): Task<Rows<Item>> {
    const built = typeof statement === "object" && statement !== null;
    if (!built) refuseEnd(statement);
    const call = built
      ? new SqlCall(statement.sql, statement.parameters, statement.writes)
      : new SqlCall(statement, parameters);
    this.#last = this.#task(call);
    this.#fetched = 0;
    return this.#last as unknown as Task<Rows<Item>>;
  }

  /** `` tx.sql`select * from pets where id = ${id}` `` */
  sql<Item = Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): Task<Rows<Item>> {
    return this.execute(placeholders(strings), values);
  }

  get select(): Queries<Tables>["select"] {
    return this.#builder.select;
  }

  get insert(): Queries<Tables>["insert"] {
    return this.#builder.insert;
  }

  get update(): Queries<Tables>["update"] {
    return this.#builder.update;
  }

  get delete(): Queries<Tables>["delete"] {
    return this.#builder.delete;
  }

  /** Rows of the last statement that were not fetched yet. @throws what the statement threw */
  fetch<Item = Row>(): Promise<Rows<Item>> {
    return this.fetchMany(Number.POSITIVE_INFINITY);
  }

  /** The same as `fetch`. */
  fetchAll<Item = Row>(): Promise<Rows<Item>> {
    return this.fetch();
  }

  /** The next row of the last statement. */
  async fetchOne<Item = Row>(): Promise<Item | undefined> {
    return (await this.fetchMany<Item>(1))[0];
  }

  /** The next rows of the last statement, at most `size`. */
  async fetchMany<Item = Row>(size: number): Promise<Rows<Item>> {
    const rows = (await this.#last?.fetch()) ?? [];
    const next = rows.slice(this.#fetched, this.#fetched + size) as Item[];
    this.#fetched += next.length;
    return rowsOf(next, next.length);
  }

  /** @throws TRANSACTION_ABORTED when a statement has failed: it is rolled back then; SqlError for what is checked at the end */
  async commit(): Promise<void> {
    const task = this.#task(new SqlCall("commit", [], true));
    const { error } = await task.dispatch();
    if (error === undefined) return this.#end("committed", false);
    const broken = !(error instanceof SkitaiError) || !knownEnds.includes(error.code);
    if (!this.ended && error instanceof SkitaiError && error.code === "TRANSACTION_ABORTED")
      await this.rollback();
    else await this.#end("its commit failed", broken);
    throw error;
  }

  /** Nothing of it has happened. */
  async rollback(): Promise<void> {
    const { error } = await this.#task(new SqlCall("rollback", [], true), true).dispatch();
    if (this.ended) throw error!;
    await this.#end("rolled back", error !== undefined);
  }

  /** Gives the connection back; rolls back what is not committed. Twice does nothing. */
  async putback(): Promise<void> {
    if (this.ended) return;
    await this.rollback().catch((error: unknown) => {
      if (!(error instanceof SkitaiError && error.code === "TRANSACTION_ENDED")) throw error;
    });
  }

  /**
   * A point to go back to, of which there may be several inside each other. Given a function, it goes back when that throws.
   * ```ts
   * await using point = await tx.savepoint();
   * …
   * await point.release();   // else it goes back at the end of `await using`
   * ```
   */
  savepoint(): Promise<Savepoint>;
  savepoint<Value>(work: () => Value | Promise<Value>): Promise<Value>;
  async savepoint<Value>(work?: () => Value | Promise<Value>): Promise<Savepoint | Value> {
    const name = `skitai_${++this.#savepoints}`;
    await this.#task(new SqlCall(`savepoint ${name}`, [], true)).fetch();
    const point = new Savepoint(
      name,
      (sql, always) => this.#task(new SqlCall(sql, [], true), always),
      this.#held,
    );
    if (work === undefined) return point;
    await using open = point;
    const value = await work();
    await open.release();
    return value;
  }

  /** Rolled back when it was not committed. Nothing with `autoPutback: false`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#autoPutback) await this.putback();
  }

  #task(call: SqlCall, always = false): Task<Rows> {
    const parts = { alias: this.#held.parts.cluster.name, label: call.label, timeout: this.#timeout };
    const held = this.#held;
    return new Task((control) => {
      if (always) control.detached = true;
      return held.run(call, control, always);
    }, parts);
  }

  async #end(how: string, broken: boolean): Promise<void> {
    forgotten.unregister(this.#held);
    await this.#held.end(how, broken);
  }

  get #builder(): Queries<Tables> {
    return (this.#queries ??= queries<Tables>(this));
  }
}

/** After these the connection is as good as before: the server has rolled back. */
const knownEnds: readonly string[] = ["SQL_REFUSED", "TRANSACTION_ENDED"];

/** Nobody can end what nobody knows. */
const forgotten = new FinalizationRegistry<Held>((held) => void held.abandon("it was forgotten"));

/** A point of a transaction to go back to. */
export class Savepoint implements AsyncDisposable {
  readonly #name: string;
  readonly #run: (sql: string, always?: boolean) => Task<Rows>;
  readonly #held: Held;
  #over = false;

  constructor(name: string, run: (sql: string, always?: boolean) => Task<Rows>, held: Held) {
    this.#name = name;
    this.#run = run;
    this.#held = held;
  }

  /** What was done since then has not happened; what failed since then does not matter. */
  async rollback(): Promise<void> {
    await this.#run(`rollback to savepoint ${this.#name}`, true).fetch();
    this.#held.forgive();
  }

  /** What was done since then is part of the transaction. */
  async release(): Promise<void> {
    await this.#run(`release savepoint ${this.#name}`).fetch();
    this.#over = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over || this.#held.ended !== undefined) return;
    this.#over = true;
    await this.rollback();
    await this.#run(`release savepoint ${this.#name}`).fetch();
  }
}

type Work<Tables, Value> = (tx: Transaction<Tables>) => Value | Promise<Value>;

/**
 * Begins a transaction; with a function: commits when it ends, rolls back when it throws. Spec D3.
 * @throws what `clusterOf` throws; CorequestError when no member can be had in time
 */
export function transaction<Value, Tables = AnyTables>(
  name: SqlAlias,
  work: Work<Tables, Value>,
): Promise<Value>;
export function transaction<Value, Tables = AnyTables>(
  name: SqlAlias,
  options: TransactionOptions,
  work: Work<Tables, Value>,
): Promise<Value>;
export function transaction<Tables = AnyTables>(
  name: SqlAlias,
  options?: TransactionOptions,
): Promise<Transaction<Tables>>;
export async function transaction<Value, Tables = AnyTables>(
  name: SqlAlias,
  given: TransactionOptions | Work<Tables, Value> = {},
  work: Work<Tables, Value> | undefined = typeof given === "function" ? given : undefined,
): Promise<Transaction<Tables> | Value> {
  const options = typeof given === "function" ? {} : given;
  const origin = new Error("begun");
  Error.captureStackTrace(origin, transaction);
  const tx = new Transaction<Tables>(await hold(name, options, origin), options);
  if (work === undefined) return tx;
  try {
    const value = await work(tx);
    if (!tx.ended) await tx.commit();
    return value;
  } finally {
    await tx.putback();
  }
}
