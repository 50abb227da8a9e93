import { DB_PGSQL, DB_SQLITE3 } from "../config/alias-options.ts";
import type { Duration } from "../config/settings.ts";
import { parseDuration } from "../config/units.ts";
import { findContext } from "../context.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { clusterOf } from "../upstream/clusters.ts";
import type { Member } from "../upstream/member.ts";
import { failureOf, type SqlPool, sqlBackend } from "./backends/sql.ts";
import { SqlCall } from "./backends/sql-call.ts";
import type { SqlDriver, SqlSession } from "./backends/sql-driver.ts";
import type { Failure } from "./backend.ts";
import { connectionOf } from "./connections.ts";
import type { Control } from "./control.ts";
import { CorequestError } from "./errors.ts";
import { seconds } from "./durations.ts";
import { knownOptions, refuseUnknown } from "./known-options.ts";
import { Result } from "./result.ts";
import { threadOf } from "./sql-options.ts";
import { failureCodes } from "./status.ts";
import { Task } from "./task.ts";
import { Held, watch } from "./transaction-held.ts";

/** How a transaction is held. */
export interface TransactionOptions {
  /** Longest time of a statement, and of waiting for a connection. Default: what the alias says, else 10 s. */
  timeout?: Duration;
  /** Longest time of the transaction; then it is rolled back, with a warning. Default 60 s. */
  hold?: Duration;
  /** Rolled back when its `await using` ends without `commit`. With `false` it may be returned from there. Default true. */
  autoPutback?: boolean;
  /** Its statements may take long: SQLite runs them in a thread, see `DatabaseOptions`. Default false. */
  thread?: boolean;
}

const begin = new SqlCall("begin", [], true);

/** @throws what `clusterOf` throws; CorequestError when no member can be had in time */
export async function hold(name: string, options: TransactionOptions, origin: Error): Promise<Held> {
  const cluster = clusterOf(name, [DB_PGSQL, DB_SQLITE3]);
  refuseUnknown("was.transaction", options, knownOptions.transaction);
  const thread = threadOf(options);
  const lasts = seconds(options.hold ?? 60) * 1000;
  const timeout =
    options.timeout === undefined ? parseDuration(cluster.options.timeout) : seconds(options.timeout);
  const parts = { alias: cluster.name, label: "begin", timeout };
  const made = new Task((control) => reserveAny(cluster, control, thread), parts);
  const { member, driver, session } = await made.fetch();
  const held = new Held({
    cluster,
    member,
    driver,
    session,
    origin,
    hold: lasts,
    context: findContext(),
  });
  watch(held);
  return held;
}

interface Reserved {
  readonly member: Member;
  readonly driver: SqlDriver;
  readonly session: SqlSession;
}

/** Nothing was done when a transaction does not begin: it may begin elsewhere. */
async function reserveAny(cluster: Cluster, control: Control, thread: boolean): Promise<Result<Reserved>> {
  const tried = new Set<Member>();
  let stale = false;
  let member = cluster.claim()!;
  for (;;) {
    const reserved = await reserve(member, cluster, control, thread);
    if ("session" in reserved) return new Result(reserved);
    if (reserved.memberFailed) member.failed(Date.now());
    member.release();
    if (control.reason !== undefined || reserved.outcome === "answered") return failed(reserved);
    if (reserved.stale && !stale) {
      stale = true;
      member.claim();
      continue;
    }
    const next = cluster.claim(tried.add(member));
    if (next === undefined) return failed(reserved);
    member = next;
  }
}

const failed = ({ error, statusCode }: Failure): Result<Reserved> =>
  new Result<Reserved>(undefined as never, { error, statusCode, reason: error.message });

async function reserve(
  member: Member,
  cluster: Cluster,
  control: Control,
  thread: boolean,
): Promise<Reserved | Failure> {
  let driver: SqlDriver | undefined;
  let session: SqlSession | undefined;
  try {
    const pool: SqlPool = connectionOf(sqlBackend, member, cluster);
    driver = pool.driver ?? (await pool.ready());
    session = await driver.reserve(control, thread);
    if (control.reason === undefined) await session.query(driver.begin, [], control);
    if (control.reason !== undefined) throw new Error("it was given up");
    member.answered();
    return { member, driver, session };
  } catch (error) {
    await session?.release(true);
    return driver === undefined
      ? unopened(error, member, cluster)
      : failureOf(error, driver, begin, member, cluster, control);
  }
}

const unopened = (cause: unknown, member: Member, { name }: Cluster): Failure => ({
  outcome: "unsent",
  statusCode: failureCodes.connect,
  error: new CorequestError("BACKEND_UNSENT", { alias: name, member: member.label }, "begin", {
    accepted: (cause as Error).message,
    cause,
  }),
  memberFailed: false,
});
