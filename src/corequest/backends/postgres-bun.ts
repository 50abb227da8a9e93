import { SQL } from "bun";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import { postgresSettings, type PostgresSettings } from "./postgres-settings.ts";
import { bytesOf, dayOf, oids, whole } from "./postgres-values.ts";
import { type Row, type Rows, rowsOf, type SqlDriver, type SqlSession, type Steering } from "./sql-driver.ts";
import { connectionFault, type SqlFault } from "./sql-error.ts";

/** PostgreSQL through Bun's own client. */
export function open(member: Member, cluster: Cluster): SqlDriver {
  return new BunDriver(postgresSettings(member, cluster));
}

class BunDriver implements SqlDriver {
  readonly begin = "begin";
  readonly client: SQL;
  readonly fault = faultOf;

  constructor({ host, path, user, tls, more, ...rest }: PostgresSettings) {
    this.client = new SQL({
      adapter: "postgres",
      hostname: host,
      port: rest.port,
      ...(path === undefined ? {} : { path }),
      username: user,
      password: rest.password,
      database: rest.database,
      max: rest.pool,
      ...(tls === undefined ? { tls: false } : { tls: { rejectUnauthorized: true, ...tls } as never }),
      connectionTimeout: rest.connectTimeout,
      idleTimeout: rest.idleTimeout,
      bigint: true,
      ...more,
    });
  }

  query(sql: string, parameters: readonly unknown[], control: Steering): Promise<Rows> {
    return ask(this.client, sql, parameters, control);
  }

  async reserve(control: Steering): Promise<SqlSession> {
    const controller = new AbortController();
    control.onCancel(() => controller.abort());
    const connection = await this.client.reserve({ signal: controller.signal });
    let released = false;
    return {
      query: (sql, parameters, steering) => ask(connection, sql, parameters, steering),
      release: async (broken) => {
        if (released) return;
        released = true;
        if (broken) await connection.close({ timeout: 0 });
        else await connection.release();
      },
    };
  }

  close(): Promise<void> {
    return this.client.close({ timeout: 0 });
  }
}

/** A list when a text of several statements was sent. */
type Answer = Row[] & { readonly count?: number | undefined; readonly columns: readonly Column[] };
interface Column {
  readonly name: string;
  readonly type: number;
}

async function ask(
  connection: SQL,
  sql: string,
  parameters: readonly unknown[],
  control: Steering,
): Promise<Rows> {
  const query = connection.unsafe(sql, parameters as unknown[]);
  control.onCancel(() => query.cancel());
  return uniform((await query) as Answer);
}

function uniform(answer: Answer): Rows {
  if (answer.count === undefined) return rowsOf<Row>([], (answer.at(-1) as unknown as Answer).count ?? 0);
  const rows: Row[] = [];
  let types: Record<string, number> | undefined;
  const typeOf = (name: string): number => {
    types ??= Object.fromEntries(answer.columns.map((column) => [column.name, column.type]));
    return types[name] ?? 0;
  };
  for (const row of answer) {
    for (const name in row) {
      const value = row[name];
      const type = typeof value;
      if (type === "bigint") row[name] = whole(value as bigint);
      else if (type === "object" && value !== null) row[name] = objectOf(value as object, typeOf(name));
      else if (type === "number" && !Number.isFinite(value))
        row[name] = infinite(value as number, typeOf(name));
    }
    rows.push(row);
  }
  return rowsOf(rows, answer.count);
}

function objectOf(value: object, type: number): unknown {
  if (type === oids.json || type === oids.jsonb) return value;
  if (value instanceof Date) return type === oids.date ? dayOf(value) : value;
  if (value instanceof Uint8Array) return bytesOf(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  return Array.isArray(value) ? value.map((item) => elementOf(item, type)) : value;
}

const dateList = 1182;
const jsonLists = [199, 3807];

function elementOf(value: unknown, list: number): unknown {
  if (typeof value === "bigint") return whole(value);
  if (typeof value !== "object" || value === null || jsonLists.includes(list)) return value;
  return objectOf(value, list === dateList && value instanceof Date ? oids.date : list);
}

const infinite = (value: number, type: number): unknown =>
  type === oids.date ? (value > 0 ? "infinity" : "-infinity") : value;

/** Errors of Bun's client: `errno` is the SQLSTATE when a server said something. */
interface BunError extends Error {
  readonly code?: string;
  readonly errno?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
  readonly detail?: string;
  readonly hint?: string;
}

const unsent =
  /^ERR_POSTGRES_(?:CONNECTION_(?:REFUSED|FAILED|TIMEOUT)|TLS_\w+|POOL_\w+|CONNECTION_TIMED_OUT)$/;
const lost =
  /^ERR_POSTGRES_(?:CONNECTION_CLOSED|IDLE_TIMEOUT|LIFETIME_TIMEOUT|EXPECTED_\w+|INVALID_MESSAGE\w*)$/;

function faultOf(thrown: unknown): SqlFault {
  const error = thrown as BunError;
  const { code = "", errno: sqlState, message } = error;
  if (typeof sqlState === "string") {
    const { constraint, table, column, detail, hint } = error;
    const refusal = { message, sqlState, constraint, table, column, explanation: detail, hint };
    return connectionFault(sqlState, message) ?? { kind: "refused", refusal };
  }
  if (unsent.test(code) || /certificate|tls|handshake/i.test(code + message))
    return { kind: "unsent", reason: message, unwell: true };
  if (lost.test(code)) return { kind: "lost", reason: message };
  return { kind: "refused", refusal: { message, sqlState: "HY000" } };
}
