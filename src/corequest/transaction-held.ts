import type { Context } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import { processLogs } from "../log/logs.ts";
import { failureOf } from "./backends/sql.ts";
import { SqlCall } from "./backends/sql-call.ts";
import type { Rows, SqlDriver, SqlSession } from "./backends/sql-driver.ts";
import { checkParameters } from "./backends/sql-parameters.ts";
import type { Control } from "./control.ts";
import { Result } from "./result.ts";
import { failureCodes } from "./status.ts";

/** What a transaction holds. */
export interface HeldParts {
  readonly cluster: Cluster;
  readonly member: Member;
  readonly driver: SqlDriver;
  readonly session: SqlSession;
  /** Made where the transaction was begun. */
  readonly origin: Error;
  /** The request that began it. */
  readonly context: Context | undefined;
  /** Milliseconds that it may last. */
  readonly hold: number;
}

/** Milliseconds without a statement after the answer of its request: nobody will go on. */
const idleAfterAnswer = 5000;

/** A connection in a transaction. Does not know the object that handlers have, which may be forgotten. */
export class Held {
  readonly parts: HeldParts;
  readonly #until: number;
  #usedAt = Date.now();
  #running = 0;
  /** Of the statement that runs. */
  #current: Control | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #ended: string | undefined;
  #failure: Error | undefined;

  constructor(parts: HeldParts) {
    this.parts = parts;
    this.#until = Date.now() + parts.hold;
  }

  /** How it ended: `committed`. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** The error after which nothing but a rollback is possible. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Back to a savepoint. */
  forgive(): void {
    this.#failure = undefined;
  }

  /** One after the other, in the order they were asked for. Never rejects. */
  run(call: SqlCall, control: Control, always = false): Promise<Result<Rows>> {
    this.#running++;
    const result = this.#queue.then(async () => {
      try {
        return await this.#ask(call, control, always);
      } finally {
        this.#running--;
        this.#usedAt = Date.now();
      }
    });
    this.#queue = result;
    return result;
  }

  async #ask(call: SqlCall, control: Control, always: boolean): Promise<Result<Rows>> {
    const refusal = this.#refusal(call, always);
    if (refusal !== undefined) return failed(refusal, failureCodes.failed);
    const { session, driver, member, cluster } = this.parts;
    try {
      if (control.reason !== undefined) throw new Error("it was cancelled before it began");
      this.#current = control;
      checkParameters(call.parameters);
      const rows = await session.query(call.sql, call.parameters, control);
      member.answered();
      return new Result(rows);
    } catch (cause) {
      const { error, statusCode } = failureOf(cause, driver, call, member, cluster, control);
      this.#failure ??= error;
      return failed(error, statusCode);
    }
  }

  #refusal(call: SqlCall, always: boolean): SkitaiError | undefined {
    const { name } = this.parts.cluster;
    if (this.#ended !== undefined)
      return new SkitaiError("TRANSACTION_ENDED", {
        name: `${name}: ${call.label}`,
        accepted: `its transaction is over, ${this.#ended}`,
      });
    if (this.#failure !== undefined && !always)
      return new SkitaiError("TRANSACTION_ABORTED", {
        name: `${name}: ${call.label}`,
        accepted: "only a rollback, an earlier statement has failed",
        cause: this.#failure,
      });
    return undefined;
  }

  /** Gives the connection back; @param broken its state is not known */
  async end(how: string, broken: boolean): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#ended = how;
    await this.#letGo(broken);
  }

  /** Rolls back what nobody will end. A statement that runs is stopped, and its connection given up. */
  async abandon(why: string): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#ended = `rolled back: ${why}`;
    const { cluster, session, origin } = this.parts;
    const place = placeOf(origin);
    processLogs().app.log(`transaction on ${cluster.name}, begun ${place}, is rolled back: ${why}`, "warn");
    let broken = this.#running > 0;
    if (broken) {
      // A server goes on, and keeps its locks, when only the connection ends.
      this.#current?.cancel("timeout");
      await Promise.race([this.#queue, Bun.sleep(lastWait)]);
    } else
      await session.query("rollback", [], unhurried).catch(() => {
        broken = true;
      });
    await this.#letGo(broken);
  }

  async #letGo(broken: boolean): Promise<void> {
    held.delete(this);
    try {
      await this.parts.session.release(broken);
    } catch {
      // It was lost, and with it what was not committed.
    } finally {
      this.parts.member.release();
    }
  }

  check(now: number): void {
    if (now >= this.#until) void this.abandon(`it lasted longer than ${this.parts.hold / 1000} s`);
    else if (
      this.parts.context?.answered === true &&
      this.#running === 0 &&
      now - this.#usedAt > idleAfterAnswer
    )
      void this.abandon("its request was answered");
  }
}

/** Milliseconds that a server has to stop a statement. */
const lastWait = 2000;

const unhurried = { left: 5000, started: 0, reason: undefined, onCancel: (): void => {} };

const failed = (error: Error, statusCode: number): Result<Rows> =>
  new Result(undefined as never, {
    statusCode,
    reason: error.message,
    error,
  });

const placeOf = ({ stack = "" }: Error): string =>
  /\n\s*(at .*)/.exec(stack)?.[1]?.trim() ?? "at an unknown place";

/** All of this process. */
const held = new Set<Held>();
let ticker: ReturnType<typeof setInterval> | undefined;

/** From now on it is looked after. */
export function watch(transaction: Held): void {
  held.add(transaction);
  ticker ??= setInterval(look, 500).unref();
}

function look(): void {
  const now = Date.now();
  for (const transaction of held) transaction.check(now);
  if (held.size > 0) return;
  clearInterval(ticker);
  ticker = undefined;
}

/** How many are open. */
export const openTransactions = (): number => held.size;
