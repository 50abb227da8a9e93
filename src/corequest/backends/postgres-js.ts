import postgres, { type Options, type PostgresType, type Sql } from "postgres";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import { postgresSettings, type PostgresSettings } from "./postgres-settings.ts";
import { bytesOf, listOids, listText, oids, parseList, whole } from "./postgres-values.ts";
import { type Row, type Rows, rowsOf, type SqlDriver, type SqlSession, type Steering } from "./sql-driver.ts";
import { Turns } from "./turns.ts";
import { connectionFault, type SqlFault } from "./sql-error.ts";

/** PostgreSQL through the package `postgres`. */
export function open(member: Member, cluster: Cluster): SqlDriver {
  return new PostgresJsDriver(postgresSettings(member, cluster));
}

/**
 * Which texts are prepared: a connection keeps a statement until it ends, on both sides. The first ones of some length are; who
 * writes values into texts has no use of it.
 */
class Prepared {
  static readonly #most = 256;
  static readonly #longest = 4096;
  readonly #texts = new Set<string>();

  wants(sql: string): boolean {
    if (this.#texts.has(sql)) return true;
    if (sql.length > Prepared.#longest || this.#texts.size >= Prepared.#most) return false;
    this.#texts.add(sql);
    return true;
  }
}

class PostgresJsDriver implements SqlDriver {
  readonly begin = "begin";
  readonly client: Sql;
  readonly fault = faultOf;
  readonly #prepared = new Prepared();
  readonly #sessions: Sessions;

  constructor(settings: PostgresSettings) {
    this.client = connect(settings, { idle_timeout: settings.idleTimeout, ...settings.more });
    this.#sessions = new Sessions(settings, this.#prepared);
  }

  query(sql: string, parameters: readonly unknown[], control: Steering): Promise<Rows> {
    return ask(this.client, sql, parameters, control, this.#prepared);
  }

  reserve(control: Steering): Promise<SqlSession> {
    return this.#sessions.reserve(control);
  }

  async close(): Promise<void> {
    this.#sessions.close();
    await this.client.end({ timeout: 0 });
  }
}

function connect({ tls, path, ...rest }: PostgresSettings, more: Record<string, unknown>): Sql {
  const { serverName, ...certificates } = tls ?? {};
  return postgres({
    host: rest.host,
    port: rest.port,
    ...(path === undefined ? {} : { path }),
    user: rest.user,
    pass: rest.password,
    database: rest.database,
    max: rest.pool,
    ssl: tls && { rejectUnauthorized: true, servername: serverName, ...certificates },
    connect_timeout: rest.connectTimeout,
    fetch_types: false,
    // One behind the other on a connection, a cancelled one takes the next with it, and a slow one holds it up.
    max_pipeline: 0,
    onnotice: () => {},
    types,
    // It connects anew at once: whether that helps is decided by who asks.
    backoff: () => 0,
    ...more,
  } as unknown as Options<Record<string, PostgresType>>) as Sql;
}

/**
 * Connections of transactions, as many as the pool has besides. The library's `reserve` is not used: a connection that died
 * meanwhile is taken for one that lives.
 */
class Sessions {
  readonly #settings: PostgresSettings;
  readonly #prepared: Prepared;
  readonly #turns: Turns;
  readonly #free: Session[] = [];
  readonly #all = new Set<Session>();

  constructor(settings: PostgresSettings, prepared: Prepared) {
    this.#settings = settings;
    this.#prepared = prepared;
    this.#turns = new Turns(settings.pool);
  }

  async reserve(control: Steering): Promise<SqlSession> {
    const done = await this.#turns.take(control);
    const session = this.#free.pop() ?? this.#open();
    clearTimeout(session.rest);
    session.dead = undefined;
    let released = false;
    return {
      query: async (sql, parameters, steering) => {
        if (session.dead !== undefined) throw session.dead;
        const rows = await ask(session.client, sql, parameters, steering, this.#prepared);
        session.used = true;
        return rows;
      },
      release: (broken) => {
        if (released) return;
        released = true;
        if (broken) this.#end(session);
        else this.#keep(session);
        done();
      },
    };
  }

  #open(): Session {
    const died = (): void => {
      if (!session.used) return;
      session.used = false;
      session.dead = Object.assign(new Error("the connection was closed"), { code: "CONNECTION_CLOSED" });
    };
    const alone = { max: 1, idle_timeout: null, max_lifetime: null, onclose: died };
    const client = connect(this.#settings, { ...this.#settings.more, ...alone });
    const session: Session = { client, used: false, dead: undefined, rest: undefined };
    this.#all.add(session);
    return session;
  }

  #keep(session: Session): void {
    this.#free.push(session);
    session.rest = setTimeout(() => {
      this.#free.splice(this.#free.indexOf(session), 1);
      this.#end(session);
    }, this.#settings.idleTimeout * 1000).unref();
  }

  /** Not awaited: of a connection that is gone the library never says that it has ended. */
  #end(session: Session): void {
    this.#all.delete(session);
    session.client.end({ timeout: 0 }).catch(() => {});
  }

  close(): void {
    this.#free.length = 0;
    for (const session of this.#all) {
      clearTimeout(session.rest);
      this.#end(session);
    }
  }
}

interface Session {
  /** Of one connection. */
  readonly client: Sql;
  /** Connected, and something was done. */
  used: boolean;
  /** The connection ended: the library would go on with another, outside of the transaction. */
  dead: Error | undefined;
  rest: ReturnType<typeof setTimeout> | undefined;
}

type Answer = (Row | Answer)[] & { readonly count?: number | null };

async function ask(
  connection: Sql,
  sql: string,
  parameters: readonly unknown[],
  control: Steering,
  prepared: Prepared,
): Promise<Rows> {
  const given = parameters.map((value) => (Array.isArray(value) ? new List(value) : value));
  const prepare = parameters.length > 0 && prepared.wants(sql);
  const query = connection.unsafe(sql, given as never[], { prepare });
  control.onCancel(() => query.cancel());
  const answer = (await query) as unknown as Answer;
  if (Array.isArray(answer[0])) return rowsOf<Row>([], (answer.at(-1) as Answer).count ?? 0);
  return rowsOf(Array.from(answer as Row[]), answer.count ?? 0);
}

/** A list that is one parameter: by itself the library guesses its type from the first element. */
class List {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }

  toString(): string {
    return listText(this.items);
  }

  toJSON(): readonly unknown[] {
    return this.items;
  }
}

const instant = (text: string, zone: string): Date | number =>
  text === "infinity"
    ? Number.POSITIVE_INFINITY
    : text === "-infinity"
      ? Number.NEGATIVE_INFINITY
      : new Date(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00") + zone);

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === "t",
  17: (text) => bytesOf(Buffer.from(text.slice(2), "hex")),
  20: (text) => whole(BigInt(text)),
  21: Number,
  23: Number,
  26: Number,
  114: (text) => JSON.parse(text),
  700: Number,
  701: Number,
  1082: String,
  1114: (text) => instant(text, "Z"),
  1184: (text) => instant(text, ""),
  3802: (text) => JSON.parse(text),
};

const serializers: Readonly<Record<number, (value: unknown) => unknown>> = {
  [oids.bool]: (value) => (value === true ? "t" : value === false ? "f" : String(value)),
  [oids.bytea]: (value) => (value instanceof Uint8Array ? `\\x${value.toHex()}` : String(value)),
  [oids.json]: (value) => JSON.stringify(value),
  [oids.jsonb]: (value) => JSON.stringify(value),
  [oids.date]: (value) => (value instanceof Date ? value.toISOString() : String(value)),
  [oids.timestamp]: (value) => (value instanceof Date ? value.toISOString() : String(value)),
  [oids.timestamptz]: (value) => (value instanceof Date ? value.toISOString() : String(value)),
};

const types: Record<string, PostgresType> = Object.fromEntries([
  ...Object.entries(parsers).map(([oid, parse]) => type(Number(oid), parse)),
  ...Object.entries(listOids).map(([oid, item]) =>
    type(Number(oid), (text) => parseList(text, parsers[item] ?? String)),
  ),
]);

function type(oid: number, parse: (text: string) => unknown): [string, PostgresType] {
  return [`oid${oid}`, { to: oid, from: [oid], parse, serialize: serializers[oid] ?? String }];
}

/** Errors of the library: `code` is the SQLSTATE of a server, or a word of its own or of the system. */
interface LibraryError extends Error {
  readonly code?: string;
  readonly constraint_name?: string;
  readonly table_name?: string;
  readonly column_name?: string;
  readonly detail?: string;
  readonly hint?: string;
}

const unsent =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|ENOENT|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|CONNECT_TIMEOUT|\w*CERT\w*|ERR_TLS\w*|DEPTH_ZERO\w*|UNABLE_TO\w*)$/;

function faultOf(thrown: unknown): SqlFault {
  const error = thrown as LibraryError;
  const { code = "", message } = error;
  if (error.name === "PostgresError") {
    const { constraint_name: constraint, table_name: table, column_name: column, detail, hint } = error;
    const refusal = { message, sqlState: code, constraint, table, column, explanation: detail, hint };
    return connectionFault(code, message) ?? { kind: "refused", refusal };
  }
  if (unsent.test(code) || /before secure TLS/.test(message))
    return { kind: "unsent", reason: message, unwell: true };
  if (/^(?:CONNECTION_\w+|ECONNRESET|EPIPE)$/.test(code)) return { kind: "lost", reason: message };
  return { kind: "refused", refusal: { message, sqlState: "HY000" } };
}
