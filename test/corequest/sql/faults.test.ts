import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { DB_PGSQL } from "../../../src/config/alias-options.ts";
import { database } from "../../../src/corequest/database.ts";
import { transaction } from "../../../src/corequest/transaction.ts";
import { postgresInstalled } from "../../support/postgres.ts";
import { Databases, declare, type Kind, rejection } from "./support.ts";

function faults(kind: Kind): void {
  let databases: Databases;
  beforeAll(async () => {
    databases = await Databases.start();
  }, 20_000);
  afterAll(() => databases[Symbol.asyncDispose]());

  const seen = async (name: `@${string}`, what: string): Promise<number> => {
    const rows = await database(name).execute(
      "select count(*)::int n from pg_stat_activity where query like $1 and state = 'active' and pid <> pg_backend_pid()",
      [`%${what}%`],
    );
    return rows[0]!["n"] as number;
  };
  const until = async (look: () => Promise<boolean>) => {
    for (const end = Date.now() + 4000; !(await look()); await Bun.sleep(10))
      if (Date.now() > end) throw new Error("did not come about within 4 s");
  };

  test("[D1] server down, wrong password, wrong database, no TLS: each says what it is", async () => {
    const { host, port, url } = databases.server;
    const down = await database(databases.alias(kind, {}, `x@${host}:1/y`))
      .execute("select 1")
      .dispatch();
    expect(down).toMatchObject({
      status: 0,
      statusCode: 714,
      error: { code: "BACKEND_UNSENT", status: 502 },
    });
    expect(down.error!.message).toContain(`(${host}:1): select`);
    const missing = databases.alias(kind, {}, `${url}missing`);
    expect(await rejection(database(missing).execute("select 1"))).toMatchObject({ sqlState: "3D000" });
    const stranger = databases.alias(kind, {}, `stranger:secret@${host}:${port}/postgres`);
    const refused = await rejection(database(stranger).execute("select 1"));
    expect(refused).toMatchObject({ sqlState: expect.stringMatching(/^28/) });
    expect(Bun.inspect(refused)).not.toContain("secret");
    const tls = databases.alias(kind, { ssl: true });
    expect(await rejection(database(tls).execute("select 1"))).toMatchObject({ code: "BACKEND_UNSENT" });
    const nowhere = databases.alias(kind, {}, "x@no.such.host.invalid/y");
    expect(await rejection(database(nowhere).execute("select 1"))).toMatchObject({ code: "BACKEND_UNSENT" });
    expect(await rejection(transaction(databases.alias(kind, {}, `x@${host}:1/y`)))).toMatchObject({
      code: "BACKEND_UNSENT",
    });
  });

  test("[D1] a wrong password", async () => {
    const admin = databases.alias(kind);
    await database(admin).execute("create role guarded login password 'right'");
    await database(admin).execute("alter system set password_encryption = 'scram-sha-256'");
    const { host, port } = databases.server;
    const path = (await database(admin).execute("show hba_file").one())["hba_file"] as string;
    const before = await Bun.file(path).text();
    await Bun.write(path, `host all guarded all scram-sha-256\n${before}`);
    await database(admin).execute("select pg_reload_conf()");
    const log = () => Promise.resolve(databases.server.log.includes("reloading configuration"));
    await until(log);
    const wrong = databases.alias(kind, {}, `guarded:wrong@${host}:${port}/postgres`);
    const error = await rejection(database(wrong).execute("select 1"));
    expect(error).toMatchObject({ sqlState: "28P01" });
    expect(Bun.inspect(error)).not.toContain("wrong@");
    const right = databases.alias(kind, {}, `guarded:right@${host}:${port}/postgres`);
    expect(await database(right).execute("select 1 as a").one()).toEqual({ a: 1 });
  });

  test("[Q5] a member that is down is passed over, reads and writes alike", async () => {
    const { host, port, url } = databases.server;
    const members = [`skitai@${host}:1/postgres 1000000`, `skitai@${host}:${port}/postgres 1`];
    const name = declare(DB_PGSQL, members, { driver: { name: kind } });
    for (let n = 0; n < 5; n++) {
      expect(await database(name).execute("select 1 as a").one()).toEqual({ a: 1 });
      expect(await transaction(name, (tx) => tx.execute("select 2 as a").one())).toEqual({ a: 2 });
    }
    expect(url).toContain(host);
    const all = await database.map(name).execute("select 1 as a").dispatch();
    expect(all.map(({ statusCode }) => statusCode)).toEqual([714, 200]);
  });

  test("[Q9] out of time: the server stops, and the connection serves others", async () => {
    const name = databases.alias(kind, { pool: 1 });
    const result = await database(name, { timeout: 0.3 }).execute("select pg_sleep(30), 'slow1'").dispatch();
    expect(result).toMatchObject({ status: 1, statusCode: 702, error: { code: "BACKEND_TIMEOUT" } });
    expect(await database(name).execute("select 1 as a").one()).toEqual({ a: 1 });
    expect(await seen(databases.alias(kind), "slow1")).toBe(0);
  });

  test("[Q9] many that are cancelled take nobody else with them", async () => {
    const name = databases.alias(kind, { pool: 4 });
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        n % 2 === 0
          ? database(name, { timeout: 0.2 })
              .execute("select pg_sleep(0.01 + random() / 10), $1::int as n", [n])
              .dispatch()
          : database(name, { timeout: 20 }).execute("select $1::int as n", [n]).dispatch(),
      ),
    );
    for (const [n, { error, data }] of results.entries())
      if (n % 2 === 1) expect([error, data?.[0]]).toEqual([undefined, { n }]);
      else if (error !== undefined) expect(error).toMatchObject({ code: "BACKEND_TIMEOUT" });
    expect(await database(name).execute("select 1 as a").one()).toEqual({ a: 1 });
  });

  test("[D1] the server's own statement timeout is its answer", async () => {
    const name = databases.alias(kind, { driver: { connection: { statement_timeout: "200" } } });
    const error = await rejection(database(name).execute("select pg_sleep(10)"));
    expect(error).toMatchObject({ name: "SqlError", sqlState: "57014" });
  });

  test("[D1] more calls than connections wait; those that run out of time leave the queue", async () => {
    const driver = { connection: { application_name: "counted" } };
    const name = databases.alias(kind, { pool: 2, driver });
    const slow = [1, 2].map(() => database(name).execute("select pg_sleep(1), 'holds'").dispatch());
    const other = databases.alias(kind);
    await until(async () => (await seen(other, "holds")) === 2);
    const late = await database(name, { timeout: 0.2 }).execute("create table must_not_be ()").dispatch();
    expect(late).toMatchObject({ statusCode: 702 });
    const waiting = database(name).execute("select 1 as a").one();
    expect(await waiting).toEqual({ a: 1 });
    for (const { statusCode } of await Promise.all(slow)) expect(statusCode).toBe(200);
    const [left] = await database(other).execute("select to_regclass('must_not_be') is null as gone");
    expect(left).toEqual({ gone: true });
    const [connections] = await database(other).execute(
      "select count(*)::int n from pg_stat_activity where application_name = 'counted'",
    );
    expect(connections).toEqual({ n: 2 });
  });

  test("[Q9] killed in the middle: an error for what may have had an effect, then all is well", async () => {
    const name = databases.alias(kind, { pool: 2 });
    const other = databases.alias(kind);
    const killed = database(name).execute("select pg_sleep(30), 'victim'").dispatch();
    await until(async () => (await seen(other, "victim")) === 1);
    await database(other).execute(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%victim%' and pid <> pg_backend_pid()",
    );
    expect(await killed).toMatchObject({ status: 2, statusCode: 700, error: { code: "BACKEND_NETWORK" } });
    expect(await database(name).execute("select 1 as a").one()).toEqual({ a: 1 });
  });

  test("[Q9] a server that restarts: in the middle an error, while idle nothing is noticed by reads", async () => {
    const name = databases.alias(kind, { pool: 2 });
    const other = databases.alias(kind);
    const lost = database(name).execute("select pg_sleep(30), 'crash'").dispatch();
    await until(async () => (await seen(other, "crash")) === 1);
    await databases.server.restart("immediate");
    expect((await lost).error).toMatchObject({ code: "BACKEND_NETWORK" });
    for (const mode of ["fast", "immediate"] as const) {
      expect(await database(name).execute("select 1 as a").one()).toEqual({ a: 1 });
      await databases.server.restart(mode);
      expect(await database(name).execute("select 2 as a").one()).toEqual({ a: 2 });
      await database(name).execute("select 3");
    }
  });

  test("[D1] rows of 10 MB", async () => {
    const name = databases.alias(kind);
    const rows = await database(name).execute(
      "select n, repeat('x', 10000000) as text, convert_to(repeat('y', 1000000), 'UTF8') as bytes from generate_series(1, 3) n",
    );
    expect(rows.map(({ text, bytes }) => [(text as string).length, (bytes as Uint8Array).length])).toEqual([
      [10_000_000, 1_000_000],
      [10_000_000, 1_000_000],
      [10_000_000, 1_000_000],
    ]);
  });

  test("[D1] a wrong driver is said", async () => {
    const name = declare(DB_PGSQL, "localhost", { driver: { name: "pg" } });
    expect(await rejection(database(name).execute("select 1"))).toMatchObject({
      message: `driver.name of alias ${name}: "pg" is not accepted; accepted: "bun" or "postgres"`,
    });
  });
}

describe.skipIf(!postgresInstalled)("PostgreSQL by Bun.SQL", () => faults("bun"));
describe.skipIf(!postgresInstalled)("PostgreSQL by postgres", () => faults("postgres"));
