import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openTransactions } from "../../../src/corequest/transaction-held.ts";
import { database } from "../../../src/corequest/database.ts";
import { transaction } from "../../../src/corequest/transaction.ts";
import { postgresInstalled } from "../../support/postgres.ts";
import { Databases, type Kind, rejection } from "./support.ts";

function suite(kind: Kind): void {
  let databases: Databases;
  let name: `@${string}`;
  beforeAll(async () => {
    databases = await Databases.start();
    name = databases.alias(kind, { pool: 2 });
    await database(name).execute("create table t (id integer primary key)");
  }, 20_000);
  afterAll(() => databases[Symbol.asyncDispose]());

  const ids = async () => (await database(name).execute("select id from t order by id")).map(({ id }) => id);
  const fresh = () => database(name).execute("delete from t").fetch();

  test("[D3] what is committed is there, for others not before", async () => {
    await fresh();
    await using tx = await transaction(name);
    void tx.execute("insert into t values ($1)", [1]);
    await tx.sql`insert into t values (${2})`;
    expect(await ids()).toEqual([]);
    await tx.commit();
    expect(await ids()).toEqual([1, 2]);
    expect(openTransactions()).toBe(0);
  });

  test("[D3] it is ended by its own methods only, not in the middle of a text", async () => {
    await fresh();
    await using tx = await transaction(name);
    await tx.execute("insert into t values (1)");
    for (const end of [
      "select 1; commit; select 2",
      "/**/commit",
      "select 1; rollback",
      "select 1; savepoint x",
    ])
      expect(() => tx.execute(end)).toThrow(/tx\.commit\(\), tx\.rollback\(\)/);
    await tx.execute("insert into t values (2)");
    await tx.rollback();
    expect(await ids()).toEqual([]);
  });

  test("[D3] without commit it is rolled back at the end of its block, thrown or not", async () => {
    await fresh();
    {
      await using tx = await transaction(name);
      await tx.execute("insert into t values (1)");
    }
    const thrown = async () => {
      await using tx = await transaction(name);
      await tx.execute("insert into t values (1)");
      throw new Error("mine");
    };
    expect((await rejection(thrown())).message).toBe("mine");
    expect(await ids()).toEqual([]);
    expect(openTransactions()).toBe(0);
  });

  test("[D3] a function commits when it ends and rolls back when it throws", async () => {
    await fresh();
    expect(
      await transaction(name, async (tx) => {
        await tx.insert("t").data({ id: 5 }).execute();
        return "value";
      }),
    ).toBe("value");
    const error = await rejection(
      transaction(name, { timeout: 5 }, async (tx) => {
        await tx.execute("insert into t values (6)");
        throw new Error("mine");
      }),
    );
    expect([error.message, await ids()]).toEqual(["mine", [5]]);
  });

  test("[D3] rows of the last statement: fetchOne, fetchMany, fetch, fetchAll", async () => {
    await using tx = await transaction(name);
    expect<unknown>(await tx.fetch()).toEqual([]);
    void tx.execute("select 1 as a union all select 2 union all select 3 union all select 4 order by 1");
    expect(await tx.fetchOne()).toEqual({ a: 1 });
    expect<unknown>(await tx.fetchMany(2)).toEqual([{ a: 2 }, { a: 3 }]);
    expect<unknown>(await tx.fetchAll()).toEqual([{ a: 4 }]);
    expect<unknown>([await tx.fetchOne(), await tx.fetch()]).toEqual([undefined, []]);
  });

  test("[D3] after an error only a rollback is possible", async () => {
    await fresh();
    await using tx = await transaction(name);
    await tx.execute("insert into t values (1)");
    expect(await rejection(tx.execute("insert into t values (1)"))).toMatchObject({
      sqlState: "23505",
      status: 409,
    });
    const next = await rejection(tx.execute("select 1"));
    expect(next).toMatchObject({ code: "TRANSACTION_ABORTED", cause: { sqlState: "23505" } });
    expect(await rejection(tx.commit())).toMatchObject({ code: "TRANSACTION_ABORTED" });
    expect([tx.ended, await ids()]).toEqual([true, []]);
  });

  test("[D3] an error nobody awaited is not committed", async () => {
    await fresh();
    await using tx = await transaction(name);
    void tx.execute("insert into t values (1)");
    void tx.execute("insert into nowhere values (1)");
    expect(await rejection(tx.commit())).toMatchObject({ code: "TRANSACTION_ABORTED" });
    expect(await ids()).toEqual([]);
  });

  test("[D3] nothing goes on after the end", async () => {
    const tx = await transaction(name);
    await tx.putback();
    await tx.putback();
    const error = await rejection(tx.execute("select 1"));
    expect(error).toMatchObject({ code: "TRANSACTION_ENDED" });
    expect(error.message).toContain("rolled back");
    for (const call of [() => tx.commit(), () => tx.rollback(), () => tx.savepoint()])
      expect(await rejection(call())).toMatchObject({ code: "TRANSACTION_ENDED" });
    for (const sql of ["commit", "ROLLBACK;", "begin", "savepoint x"])
      expect(() => tx.execute(sql)).toThrow("tx.commit(), tx.rollback()");
  });

  test("[D3] savepoints, inside each other, released and rolled back", async () => {
    await fresh();
    await using tx = await transaction(name);
    await tx.execute("insert into t values (1)");
    await tx.savepoint(async () => {
      await tx.execute("insert into t values (2)");
      const inner = tx.savepoint(async () => {
        await tx.execute("insert into t values (3)");
        await tx.execute("insert into t values (1)");
      });
      expect(await rejection(inner)).toMatchObject({ sqlState: "23505" });
      await tx.execute("insert into t values (4)");
    });
    {
      await using point = await tx.savepoint();
      await tx.execute("insert into t values (5)");
      await point.rollback();
      await tx.execute("insert into t values (6)");
    }
    await tx.commit();
    expect(await ids()).toEqual([1, 2, 4]);
  });

  test("[D3] autoPutback: false outlives its block", async () => {
    await fresh();
    const update = async () => {
      await using tx = await transaction(name, { autoPutback: false });
      await tx.execute("insert into t values (1)");
      return tx;
    };
    const tx = await update();
    expect(tx.ended).toBe(false);
    await tx.commit();
    expect(await ids()).toEqual([1]);
  });

  test("[D3] what is held too long is rolled back, and others go on", async () => {
    await fresh();
    const held = [await transaction(name, { hold: 0.3 })];
    if (kind !== "sqlite") held.push(await transaction(name, { hold: 0.3 }));
    await held[0]!.execute("insert into t values (1)");
    await using next = await transaction(name, { timeout: 5 });
    await next.execute("insert into t values (2)");
    await next.commit();
    expect(await ids()).toEqual([2]);
    expect((await rejection(held[0]!.execute("select 1"))).message).toContain("it lasted longer than 0.3 s");
  });

  test("[D3] what nobody knows any more is rolled back", async () => {
    await fresh();
    await (async () => {
      for (let n = 0; n < (kind === "sqlite" ? 1 : 2); n++)
        await (await transaction(name)).execute("insert into t values ($1)", [n]);
    })();
    for (const end = Date.now() + 4000; openTransactions() > 0 && Date.now() < end; await Bun.sleep(20)) {
      Bun.gc(true);
    }
    expect([openTransactions(), await ids()]).toEqual([0, []]);
  });

  test("[D3] more transactions than connections wait for their turn, or for their time", async () => {
    await fresh();
    const many = Array.from({ length: 20 }, (_, id) =>
      transaction(name, (tx) => tx.execute("insert into t values ($1)", [id]).fetch()),
    );
    await Promise.all(many);
    expect(await ids()).toHaveLength(20);
    const held = await Promise.all(
      kind === "sqlite" ? [transaction(name)] : [transaction(name), transaction(name)],
    );
    expect(await rejection(transaction(name, { timeout: 0.2 }))).toMatchObject({ code: "BACKEND_TIMEOUT" });
    for (const tx of held) await tx.putback();
    await transaction(name, (tx) => tx.execute("delete from t").fetch());
    expect(await ids()).toEqual([]);
    expect(openTransactions()).toBe(0);
  });

  test("[D3] options are checked", async () => {
    expect(await rejection(transaction("@nowhere"))).toMatchObject({ code: "ALIAS_UNKNOWN" });
    expect(await rejection(transaction(name, { hold: "soon" as never }))).toMatchObject({
      code: "OPTION_INVALID",
    });
    expect(openTransactions()).toBe(0);
  });

  if (kind === "sqlite") return;

  test("[D3] a connection that is lost is not given to others", async () => {
    await fresh();
    const tx = await transaction(name);
    const pid = ((await tx.execute("select pg_backend_pid() as pid").one()) as { pid: number }).pid;
    await database(name).execute("select pg_terminate_backend($1::int)", [pid]);
    expect(await rejection(tx.execute("insert into t values (1)"))).toMatchObject({
      code: "BACKEND_NETWORK",
    });
    expect(await rejection(tx.commit())).toMatchObject({ code: "TRANSACTION_ABORTED" });
    await Promise.all(
      Array.from({ length: 4 }, (_, id) =>
        transaction(name, (next) => next.execute("insert into t values ($1)", [id]).fetch()),
      ),
    );
    expect(await ids()).toEqual([0, 1, 2, 3]);
  });

  test("[D3] what is held too long in a statement is ended with its connection", async () => {
    await fresh();
    const tx = await transaction(name, { hold: 0.3, timeout: 30 });
    await tx.execute("insert into t values (1)");
    const slow = await tx.execute("select pg_sleep(30)").dispatch();
    expect(slow.error).toMatchObject({ name: expect.stringMatching(/^(?:CorequestError|SqlError)$/) });
    expect(tx.ended).toBe(true);
    await Promise.all(
      Array.from({ length: 4 }, (_, id) =>
        transaction(name, (next) => next.execute("insert into t values ($1)", [id + 10]).fetch()),
      ),
    );
    expect(await ids()).toEqual([10, 11, 12, 13]);
  });

  test("[D3] a statement that runs out of time is stopped, and its transaction with it", async () => {
    await fresh();
    const tx = await transaction(name, { timeout: 0.3 });
    await tx.execute("insert into t values (1)");
    expect(await rejection(tx.execute("select pg_sleep(20)"))).toMatchObject({ code: "BACKEND_TIMEOUT" });
    await tx.rollback();
    expect(await ids()).toEqual([]);
    await transaction(name, (next) => next.execute("insert into t values (2)").fetch());
    expect(await ids()).toEqual([2]);
  });
}

describe.skipIf(!postgresInstalled)("PostgreSQL by Bun.SQL", () => suite("bun"));
describe.skipIf(!postgresInstalled)("PostgreSQL by postgres", () => suite("postgres"));
describe("SQLite", () => suite("sqlite"));
