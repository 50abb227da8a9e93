import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DB_SQLITE3 } from "../../../src/config/alias-options.ts";
import { database } from "../../../src/corequest/database.ts";
import { closeConnections } from "../../../src/corequest/connections.ts";
import { transaction } from "../../../src/corequest/transaction.ts";
import { declare, rejection } from "./support.ts";

const directory = mkdtempSync(join(tmpdir(), "skitai-sqlite-"));
let files = 0;
const file = (): string => join(directory, `${++files}.db`);
afterAll(async () => {
  await closeConnections();
  rmSync(directory, { recursive: true, force: true });
});

test("[D3] a text that would end its transaction unseen has failed, and so has the transaction", async () => {
  const name = declare(DB_SQLITE3, file());
  await database(name).execute("create table t (id integer primary key)");
  for (const thread of [false, true]) {
    await using tx = await transaction(name, { thread });
    await tx.execute("insert into t values (1)");
    // What is written by a builder is not looked at.
    const text = { sql: "select 1; commit; select 2", parameters: [], writes: true };
    expect((await rejection(tx.execute(text as never))).message).toContain("has ended the transaction");
    expect(await rejection(tx.execute("insert into t values (2)"))).toMatchObject({
      code: "TRANSACTION_ABORTED",
    });
    await tx.rollback();
    expect(await database(name).execute("select id from t").one()).toEqual({ id: 1 });
    await database(name).execute("delete from t");
  }
});

test("[D2] four processes that write at once, statements and transactions, lose nothing and wait for nobody", async () => {
  const path = file();
  const script = join(import.meta.dir, "fixtures/writer.ts");
  const each = 40;
  const writers = [1, 2, 3, 4].map((writer) =>
    Bun.spawn([process.execPath, script, path, `${writer}`, `${each}`], {
      stdout: "pipe",
      stderr: "pipe",
    }),
  );
  const ends = await Promise.all(
    writers.map(async (writer) => {
      const [out, error, code] = await Promise.all([
        writer.stdout.text(),
        writer.stderr.text(),
        writer.exited,
      ]);
      expect([error, code]).toEqual(["", 0]);
      return JSON.parse(out) as { longest: number };
    }),
  );
  for (const { longest } of ends) expect(longest).toBeLessThan(1000);
  const db = database(declare(DB_SQLITE3, path));
  expect(await db.execute("select count(*) as n from log").one()).toEqual({ n: 4 * each });
  expect(await db.execute("select count(*) as n, max(n) as last from counter").one()).toEqual({
    n: 4 * each,
    last: 4 * each,
  });
}, 30_000);

test("[D2] what another process writes for too long ends with the task's time", async () => {
  const path = file();
  const [ours, theirs] = [declare(DB_SQLITE3, path), declare(DB_SQLITE3, path)];
  await database(ours).execute("create table t (a integer)");
  {
    await using tx = await transaction(theirs);
    await tx.execute("insert into t values (1)");
    const result = await database(ours, { timeout: 0.3 }).execute("insert into t values (2)").dispatch();
    expect(result).toMatchObject({ status: 1, error: { code: "BACKEND_TIMEOUT" } });
    expect(await rejection(transaction(ours, { timeout: 0.3 }))).toMatchObject({ code: "BACKEND_TIMEOUT" });
    expect<unknown>(await database(ours).execute("select * from t")).toEqual([]);
  }
  await database(ours).execute("insert into t values (3)");
  expect<unknown>(await database(ours).execute("select * from t")).toEqual([{ a: 3 }]);
});

test("[D2] a file with WAL and foreign keys", async () => {
  const path = file();
  using db = database(declare(DB_SQLITE3, path));
  expect(await db.execute("pragma journal_mode").one()).toEqual({ journal_mode: "wal" });
  await db.execute(
    "create table owners (id integer primary key); create table pets (owner integer references owners)",
  );
  expect(await rejection(db.execute("insert into pets values (1)"))).toMatchObject({
    sqlState: "23503",
    status: 409,
  });
  expect(existsSync(path)).toBe(true);
});

test("[D2] days, lists and truth are text and numbers", async () => {
  using db = database(declare(DB_SQLITE3, ":memory:"));
  const at = new Date("2026-01-31T12:00:00.000Z");
  const [row] = await db.execute("select $1 as at, $2 as list, $3 as object, $4 as yes, ? as nil", [
    at,
    [1, null],
    { a: "b" },
    true,
    null,
  ]);
  expect(row).toEqual({ at: at.toISOString(), list: "[1,null]", object: '{"a":"b"}', yes: 1, nil: null });
});

test("[D2] a database in memory has transactions, too", async () => {
  const name = declare(DB_SQLITE3, ":memory:");
  await database(name).execute("create table t (a integer)");
  await transaction(name, (tx) => tx.execute("insert into t values (1)").fetch());
  await rejection(
    transaction(name, async (tx) => {
      await tx.execute("insert into t values (2)");
      throw new Error("mine");
    }),
  );
  expect<unknown>(await database(name).execute("select a from t")).toEqual([{ a: 1 }]);
});

test("[D2] placeholders are found where they are none in texts, names and comments", async () => {
  using db = database(declare(DB_SQLITE3, ":memory:"));
  const row = await db
    .execute(`select '$1;' as "a $2", $1 as [b $3], /* $4; */ $2 as \`c;\` -- $5;\n;`, ["x", "y"])
    .one();
  expect(row).toEqual({ "a $2": "$1;", "b $3": "x", "c;": "y" });
  await db.execute("create table t (a integer)");
  await db.execute(
    "create trigger tr after insert on t begin update t set a = 1; update t set a = a + 1; end",
  );
  await db.execute("insert into t values ($1)", [7]);
  expect<unknown>(await db.execute("select a from t")).toEqual([{ a: 2 }]);
});

test("[D2] a file that cannot be opened is said, and tried again", async () => {
  const folder = join(directory, "later");
  const name = declare(DB_SQLITE3, join(folder, "x.db"));
  const error = await rejection(database(name).execute("select 1"));
  expect(error).toMatchObject({ code: "BACKEND_UNSENT" });
  expect(error.message).toContain("x.db");
  await Bun.write(join(folder, "other"), "");
  expect(await database(name).execute("select 1 as a").one()).toEqual({ a: 1 });
});
