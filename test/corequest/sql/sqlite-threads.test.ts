import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DB_SQLITE3 } from "../../../src/config/alias-options.ts";
import { SqliteThreads } from "../../../src/corequest/backends/sqlite-threads.ts";
import { closeConnections } from "../../../src/corequest/connections.ts";
import { database } from "../../../src/corequest/database.ts";
import { transaction } from "../../../src/corequest/transaction.ts";
import { declare, rejection } from "./support.ts";

const directory = mkdtempSync(join(tmpdir(), "skitai-sqlite-"));
let files = 0;
const file = (): string => join(directory, `${++files}.db`);
afterAll(async () => {
  await closeConnections();
  rmSync(directory, { recursive: true, force: true });
});

const counting = (until: number | string): string =>
  `with recursive c(n) as (select 1 union all select n + 1 from c where n < ${until}) select count(*) as n from c`;

const sample = 100_000;
/** Milliseconds to count so many, when the machine has nothing else to do. */
let fastest = Number.POSITIVE_INFINITY;
beforeAll(async () => {
  for (let time = 0; time < 8; time++) {
    const began = performance.now();
    await database(declare(DB_SQLITE3, ":memory:")).execute(counting(sample));
    fastest = Math.min(fastest, performance.now() - began);
  }
});

/** Rows that take `seconds` to count, longer on a busy machine. */
const rowsFor = (seconds: number): number => Math.ceil((sample * seconds * 1000) / fastest);

/** The longest pause of the event loop, ms, while `work` is under way. */
async function pauseOf(work: () => PromiseLike<unknown>): Promise<number> {
  let longest = 0;
  let before = performance.now();
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
  };
  const clock = setInterval(look, 2);
  await work();
  look();
  clearInterval(clock);
  return longest;
}

test("[D2] a long query holds the event loop once, and never when it is told to be long", async () => {
  const name = declare(DB_SQLITE3, file());
  await database(name).execute("create table t (a integer)");
  const sql = counting(rowsFor(0.8));
  const query = () => database(name).execute(sql).fetch();
  expect(await pauseOf(query)).toBeGreaterThan(350);
  expect(await pauseOf(query)).toBeLessThan(350);
  const told = declare(DB_SQLITE3, file());
  let others = 0;
  const pause = await pauseOf(async () => {
    const long = database(told, { thread: true }).execute(sql);
    let over = false;
    void long.fetch().then(() => (over = true));
    while (!over) {
      await database(told).execute("select 1");
      others++;
      await Bun.sleep(1);
    }
  });
  expect(pause).toBeLessThan(350);
  expect(others).toBeGreaterThan(20);
}, 20_000);

test("[D2] a thread gives the same rows, counts and errors", async () => {
  const path = file();
  const here = database(declare(DB_SQLITE3, path));
  const there = database(declare(DB_SQLITE3, path), { thread: true });
  await there.execute(
    "create table pets (id integer primary key, name text not null unique, age integer check (age >= 0)); create table two (a); create table owners (pet integer references pets)",
  );
  expect((await there.execute("insert into pets values ($1, 'a', 1), ($2, 'b', null)", [1, 2])).count).toBe(
    2,
  );
  const bytes = crypto.getRandomValues(new Uint8Array(100_000));
  const values = [
    2 ** 53 - 1,
    9_007_199_254_740_993n,
    -(2n ** 63n),
    bytes.subarray(10, 20),
    "aé€😀",
    null,
    true,
    new Date(0),
    [1, null],
    { a: 1 },
    1.5,
  ];
  const names = values.map((_, index) => `$${index + 1} as v${index + 1}`).join();
  for (const [sql, parameters] of [
    [`select ${names}`, values],
    ["select * from pets where id = ? or name = ?", [1, "b"]],
    ["update pets set age = 3 where id > $1 returning id, age", [0]],
    ["update pets set age = 4", []],
    ["select * from pets where false", []],
    ["create table if not exists more (a)", []],
  ] as const) {
    const [a, b] = [await here.execute(sql, parameters), await there.execute(sql, parameters)];
    expect(b).toEqual(a);
    expect([b.count, Object.keys(b)]).toEqual([a.count, Object.keys(a)]);
  }
  const [row] = await there.execute("select $1 as bytes, $2 as safe, $3 as big", [
    bytes,
    2 ** 53 - 1,
    2n ** 53n,
  ]);
  expect([row!["safe"], row!["big"]]).toEqual([2 ** 53 - 1, 2n ** 53n]);
  expect(Object.getPrototypeOf(row!["bytes"])).toBe(Uint8Array.prototype);
  expect(row!["bytes"]).toEqual(bytes);
  for (const [sql, parameters] of [
    ["selec 1", []],
    ["select * from nowhere", []],
    ["select nofunction($1)", [1]],
    ["select $1, $2", [1]],
    ["select 1; select $1", [1]],
    ["insert into pets values (1, 'c', 1)", []],
    ["insert into pets values (7, null, 1)", []],
    ["insert into owners values (99)", []],
    ["insert into two values (1); insert into two values (1, 2)", []],
    ["select $1", [2n ** 63n]],
  ] as const) {
    const [a, b] = [
      await rejection(here.execute(sql, parameters)),
      await rejection(there.execute(sql, parameters)),
    ];
    const seen = ({ name, code, status, message, sqlState, table, column }: typeof a) => [
      name,
      code,
      status,
      message.replace(/^@\w+/, ""),
      sqlState,
      table,
      column,
    ];
    expect(seen(b)).toEqual(seen(a));
  }
  expect<unknown>(await there.execute("select * from two")).toEqual([]);
  expect(() => database("@sql1", { thread: 1 as never })).toThrow("thread");
});

test("[D2] a hundred long queries wait for each other, and all end", async () => {
  const name = declare(DB_SQLITE3, file(), { timeout: 30 });
  const sql = counting(rowsFor(0.02));
  const pause = await pauseOf(async () => {
    const db = database(name, { thread: true });
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) => db.execute(`${sql} where $1 = $1`, [index]).one()),
    );
    expect(all).toHaveLength(100);
  });
  expect(pause).toBeLessThan(500);
}, 30_000);

test("[D2] too many that wait are refused; one that waits ends with its time", async () => {
  const name = declare(DB_SQLITE3, file());
  const db = database(name, { thread: true });
  const sql = counting(rowsFor(0.5));
  const running = [db.execute(sql), db.execute(sql)];
  await db
    .execute("select 1")
    .dispatch({ timeout: 0.1 })
    .then(({ status }) => expect(status).toBe(1));
  const waiting = Array.from({ length: 1000 }, () => db.execute("select 1 as a"));
  const refused = await rejection(db.execute("select 1"));
  expect(refused).toMatchObject({ code: "BACKEND_UNSENT" });
  expect(refused.message).toContain("1000 long statements wait already");
  expect(await database(name).execute("select 1 as a").one()).toEqual({ a: 1 });
  for (const task of waiting) expect(await task.one()).toEqual({ a: 1 });
  await Promise.all(running);
}, 20_000);

test("[D2] statements that run out of time leave threads to others, and a bounded number behind", async () => {
  const path = file();
  await database(declare(DB_SQLITE3, path)).execute("create table t (a integer)");
  const threads = new SqliteThreads(path);
  const long = { sql: counting(rowsFor(0.5)), script: false };
  const given: (() => void)[] = [];
  const control = (): Parameters<SqliteThreads["run"]>[2] => ({
    left: 1000,
    started: 0,
    reason: undefined,
    onCancel: (cancel) => void given.push(cancel),
  });
  const short = () => threads.run({ sql: "select 1 as a", script: false }, [], control());
  const runs = [threads.run(long, [], control()), threads.run(long, [], control())];
  await Bun.sleep(0);
  given.splice(0).forEach((cancel) => cancel());
  expect((await short()).result).toEqual([{ a: 1 }]);
  runs.push(threads.run(long, [], control()), threads.run(long, [], control()));
  await Bun.sleep(0);
  expect(threads.size).toBe(4);
  given.splice(0).forEach((cancel) => cancel());
  const last = short();
  expect(threads.size).toBe(4);
  expect((await Promise.all(runs)).length).toBe(4);
  expect((await last).result).toEqual([{ a: 1 }]);
  expect(threads.size).toBeLessThanOrEqual(2);
  await threads.close();
  expect(threads.size).toBe(0);
}, 30_000);

test("[D2] threads without work end, and come again", async () => {
  const path = file();
  await database(declare(DB_SQLITE3, path)).execute("create table t (a integer)");
  const threads = new SqliteThreads(path, 0.02);
  const control = { left: 1000, started: 0, reason: undefined, onCancel: () => {} };
  for (let time = 0; time < 2; time++) {
    const text = { sql: "select ?1 as a", script: false };
    const runs = [1, 2, 3].map((value) => threads.run(text, [value], control));
    expect((await Promise.all(runs)).map(({ result }) => result)).toEqual([
      [{ a: 1 }],
      [{ a: 2 }],
      [{ a: 3 }],
    ]);
    for (const end = Date.now() + 4000; threads.size > 0; await Bun.sleep(5))
      if (Date.now() > end) throw new Error("they did not end within 4 s");
  }
});

test("[D2] a task's time ends it, not the database", async () => {
  const name = declare(DB_SQLITE3, file());
  await database(name).execute("create table t (a integer)");
  const sql = counting(rowsFor(0.8));
  const db = database(name, { thread: true, timeout: 0.2 });
  expect(await db.execute(sql).dispatch()).toMatchObject({ status: 1 });
  const pause = await pauseOf(async () => {
    expect(await db.execute(`insert into t ${sql}`).dispatch()).toMatchObject({ status: 1 });
  });
  expect(pause).toBeLessThan(350);
  // A write that nobody waits for is done to its end, and the next one waits for it.
  await database(name).execute("insert into t values (-1)");
  expect(await database(name).execute("select count(*) as n from t").one()).toEqual({ n: 2 });
}, 20_000);

test("[D2] what belongs to a connection is not looked for in a thread", async () => {
  const name = declare(DB_SQLITE3, file());
  const db = database(name);
  const rows = rowsFor(0.05);
  const slow = `${counting(rows)} where exists (select 1 from mine)`;
  await db.execute("create temp table mine (a integer)");
  await db.execute("insert into mine values (1)");
  for (let time = 0; time < 3; time++) expect(await db.execute(slow).one()).toEqual({ n: rows });
  const raw = await db.raw<{ function(name: string, work: () => number): void }>();
  await db.execute("drop table mine");
  raw.function("mine", () => 1);
  for (let time = 0; time < 3; time++)
    expect(await db.execute(`${counting(rows)} where mine() = 1`).one()).toEqual({ n: rows });
});

test("[D2] a temporary table is the one that counts, also for a query that went to a thread before", async () => {
  const db = database(declare(DB_SQLITE3, file()));
  await db.execute("create table seen (a integer); insert into seen values (1)");
  const slow = `${counting(rowsFor(0.05))} where (select a from seen) = 1`;
  for (let time = 0; time < 3; time++) expect((await db.execute(slow).one())["n"]).toBeGreaterThan(1);
  await db.execute("create temp table seen (a integer)");
  await db.execute("insert into temp.seen values (2)");
  expect(await db.execute(slow).one()).toEqual({ n: 0 });
});

test("[D2] a database in memory has no threads, and says nothing of it", async () => {
  const db = database(declare(DB_SQLITE3, ":memory:"), { thread: true });
  await db.execute("create table t (a integer)");
  await db.execute("insert into t values (1)");
  expect<unknown>(await db.execute("select a from t")).toEqual([{ a: 1 }]);
});

test("[D3] a transaction in a thread: committed, rolled back, given up, and the event loop goes on", async () => {
  const path = file();
  const name = declare(DB_SQLITE3, path);
  const db = database(name);
  await db.execute("create table t (a integer)");
  const long = `insert into t ${counting(rowsFor(0.8))}`;
  const rows = async () => (await db.execute("select a from t")).count;
  const pause = await pauseOf(() =>
    transaction(name, { thread: true }, async (tx) => {
      await tx.execute(long);
      expect(await rows()).toBe(0);
      const point = await tx.savepoint();
      await tx.execute("insert into t values (2)");
      await point.rollback();
      expect(await tx.execute("select count(*) as n from t").one()).toEqual({ n: 1 });
    }),
  );
  expect([pause < 350, await rows()]).toEqual([true, 1]);
  const thrown = transaction(name, { thread: true }, async (tx) => {
    await tx.execute("insert into t values (3)");
    throw new Error("mine");
  });
  expect((await rejection(thrown)).message).toBe("mine");
  const late = transaction(name, { thread: true, timeout: 0.2 }, async (tx) => {
    await tx.execute("insert into t values (4)");
    expect(await tx.execute(long).dispatch()).toMatchObject({ status: 1 });
  });
  // Others that write wait until SQLite has ended it.
  const after = transaction(name, { thread: true }, (tx) => tx.execute("insert into t values (5)").fetch());
  expect(await rejection(late)).toMatchObject({ code: expect.any(String) });
  await after;
  expect((await db.execute("select a from t where a < 10")).map((row) => row["a"])).toEqual([5]);
  expect(await rejection(transaction(name, { thread: 1 as never }))).toMatchObject({
    code: "OPTION_INVALID",
  });
}, 20_000);

const script = join(import.meta.dir, "fixtures/threads.ts");

/** Runs the fixture to its end. */
async function fixture(path: string, mode: string, count = 0, command = [process.execPath, script]) {
  const child = Bun.spawn([...command, path, mode, `${count}`], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 25_000,
  });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { out: out.trim(), error, code };
}

test("[D2] four processes with threads on one file lose nothing", async () => {
  const path = file();
  const each = 25;
  const ends = await Promise.all([1, 2, 3, 4].map(() => fixture(path, "mixed", each)));
  expect(ends).toEqual(ends.map(() => ({ out: "done", error: "", code: 0 })));
  const db = database(declare(DB_SQLITE3, path));
  expect(await db.execute("select count(*) as n from log").one()).toEqual({ n: 8 * each });
  expect(await db.execute("select count(*) as n, max(n) + 1 as last from counter").one()).toEqual({
    n: 4 * each,
    last: 4 * each,
  });
}, 30_000);

test("[D2] close ends threads: the process ends, also while one runs a statement without end", async () => {
  expect(await fixture(file(), "idle")).toEqual({ out: "done", error: "", code: 0 });
  expect(await fixture(file(), "close")).toEqual({ out: "running\ndone", error: "", code: 0 });
  expect(await fixture(file(), "exit")).toEqual({ out: "running", error: "", code: 0 });
}, 30_000);

for (const minify of [false, true])
  test(`[Y2] threads of an executable, ${minify ? "all of it shortened" : "as it is written"}`, async () => {
    const outfile = join(directory, `executable-${minify}`);
    const { success } = await Bun.build({
      entrypoints: [script],
      target: "bun",
      format: "esm",
      splitting: true,
      bytecode: true,
      minify,
      compile: { outfile },
    });
    expect(success).toBe(true);
    const ended = await fixture(file(), "mixed", 5, [outfile]);
    expect(ended).toEqual({ out: "done", error: "", code: 0 });
  }, 30_000);

test("[D2] killed in the middle of a write, a process leaves the database whole", async () => {
  const path = file();
  const name = declare(DB_SQLITE3, path);
  const db = database(name, { thread: true });
  await db.execute("create table log (n integer); insert into log values (0)");
  const child = Bun.spawn([process.execPath, script, path, "write"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    // What does not fit in its cache goes to the file's log before it is committed.
    for (const end = Date.now() + 10_000; Bun.file(`${path}-wal`).size < 5_000_000; await Bun.sleep(5))
      if (Date.now() > end) throw new Error("it did not write");
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
  expect<unknown>(await db.execute("select * from log")).toEqual([{ n: 0 }]);
  expect(await db.execute("pragma integrity_check").one()).toEqual({ integrity_check: "ok" });
  await db.execute("insert into log values (1)");
  expect((await database(name).execute("select * from log")).count).toBe(2);
}, 20_000);
