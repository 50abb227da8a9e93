import { DB_SQLITE3 } from "../../config/alias-options.ts";
import { SkitaiError } from "../../errors.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import type { Backend, Failure } from "../backend.ts";
import { drivers } from "./sql-drivers.ts";
import type { Control } from "../control.ts";
import { Result } from "../result.ts";
import { failureCodes } from "../status.ts";
import { SqlCall } from "./sql-call.ts";
import type { Rows, SqlDriver, SqlDriverModule, Steering } from "./sql-driver.ts";
import { sqlFailure } from "./sql-error.ts";
import { checkParameters } from "./sql-parameters.ts";

/** The driver of one member, while its module is loaded and when it is. */
export class SqlPool {
  /** `undefined` until the first statement has waited for it. */
  driver: SqlDriver | undefined;
  #opening: Promise<SqlDriver> | undefined;
  #closed = false;
  readonly #open: () => Promise<SqlDriver>;

  constructor(open: () => Promise<SqlDriver>) {
    this.#open = open;
  }

  /** One that could not be opened is tried again. */
  ready(): Promise<SqlDriver> {
    return (this.#opening ??= this.#open().then(
      (driver) => {
        if (this.#closed) void driver.close();
        return (this.driver = driver);
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    ));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.driver?.close();
  }
}

/** PostgreSQL and SQLite. Spec D1, D2. */
export const sqlBackend: Backend<SqlCall, SqlPool, Rows> = {
  connect: (member, cluster) => new SqlPool(async () => (await load(cluster)).open(member, cluster)),
  async start({ sql, parameters, thread }: SqlCall, pool: SqlPool, control: Control): Promise<Result<Rows>> {
    const driver = pool.driver ?? (await pool.ready());
    try {
      checkParameters(parameters);
      return new Result(await driver.query(sql, parameters, control, thread));
    } catch (error) {
      throw new Refused(error, driver, control);
    }
  },
  failure: sqlFailureOf,
  close: (pool) => pool.close(),
};

/** An error with the driver that can tell what it means. */
class Refused {
  readonly error: unknown;
  readonly driver: SqlDriver;
  /** Of a connection that was dead before, one hears at once. */
  readonly early: boolean;

  constructor(error: unknown, driver: SqlDriver, { started }: Pick<Steering, "started">) {
    this.error = error;
    this.driver = driver;
    this.early = Date.now() - started < 1000;
  }
}

/** What an error of a statement means. */
export function failureOf(
  error: unknown,
  driver: SqlDriver,
  call: SqlCall,
  member: Member,
  cluster: Cluster,
  control: Steering,
): Failure {
  return sqlFailureOf(new Refused(error, driver, control), call, member, cluster);
}

function sqlFailureOf(thrown: unknown, call: SqlCall, member: Member, cluster: Cluster): Failure {
  const { error, driver, early } = thrown instanceof Refused ? thrown : { error: thrown };
  if (error instanceof SkitaiError)
    return {
      outcome: "answered",
      statusCode: failureCodes.failed,
      error,
      memberFailed: false,
    };
  const target = { alias: cluster.name, member: member.label };
  const fault = driver?.fault(error) ?? {
    kind: "unsent",
    reason: (error as Error).message,
    unwell: false,
  };
  return sqlFailure(fault, target, call.label, early ?? false, error);
}

/** `driver: { name }` of the alias. */
function load({ name, type, options }: Cluster): Promise<SqlDriverModule> {
  if (type === DB_SQLITE3) return drivers.sqlite();
  const driver = options.driver?.["name"] ?? "bun";
  if (driver === "bun") return drivers.bun();
  if (driver === "postgres") return drivers.postgres();
  throw new SkitaiError("OPTION_INVALID", {
    name: `driver.name of alias ${name}`,
    value: driver,
    accepted: '"bun" or "postgres"',
  });
}
