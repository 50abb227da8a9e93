import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { database } from "../../../src/corequest/database.ts";
import { transaction } from "../../../src/corequest/transaction.ts";
import { postgresInstalled } from "../../support/postgres.ts";
import { Databases, type Kind, rejection } from "./support.ts";

/** What every driver does the same; `kind` says where databases differ by nature. */
function contract(kind: Kind): void {
  let databases: Databases;
  let name: `@${string}`;
  beforeAll(async () => {
    databases = await Databases.start();
    name = databases.alias(kind);
    await database(name).execute(
      "create table pets (id integer primary key, name text not null unique, age integer check (age >= 0))",
    );
  }, 20_000);
  afterAll(() => databases[Symbol.asyncDispose]());

  const isSqlite = kind === "sqlite";

  test("[D1] rows come by name, parameters by number, twice too", async () => {
    using db = database(name);
    const rows = await db.execute("select $2 as b, $1 as a, $1 as c", ["x", "y"]);
    expect<unknown>(rows).toEqual([{ b: "y", a: "x", c: "x" }]);
    expect(rows.count).toBe(1);
    expect(Object.keys(rows)).toEqual(["0"]);
    expect<unknown>(await db.sql`select ${"it's"} as a, '$1 ?' as b -- $2`).toEqual([
      { a: "it's", b: "$1 ?" },
    ]);
  });

  test("[D1] parameters are never SQL", async () => {
    const evil = "'; drop table pets; --";
    await database(name).sql`insert into pets values (${1}, ${evil}, ${3})`;
    expect(await database(name).sql`select name from pets where name = ${evil}`.one()).toEqual({
      name: evil,
    });
  });

  test("[D1] a change says how many rows; returning gives them", async () => {
    using db = database(name);
    const added = await db.execute("insert into pets values ($1, 'a', 1), ($2, 'b', null)", [11, 12]);
    expect([[...added], added.count]).toEqual([[], 2]);
    const changed = await db.execute("update pets set age = age + 1 where id > $1 returning id, age", [10]);
    expect(changed.toSorted((a, b) => Number(a["id"]) - Number(b["id"]))).toEqual([
      { id: 11, age: 2 },
      { id: 12, age: null },
    ]);
    expect(changed.count).toBe(2);
    expect((await db.execute("delete from pets where id > 10")).count).toBe(2);
    expect((await db.execute("delete from pets where id > 10")).count).toBe(0);
    expect<unknown>(await db.execute("select * from pets where false")).toEqual([]);
  });

  test("[D1] whole numbers are numbers as long as that is exact", async () => {
    const type = isSqlite ? "" : "::int8";
    const big = 9_007_199_254_740_993n;
    const [row] = await database(name).execute(
      `select $1${type} as a, $2${type} as b, $3${type} as c, count(*) as d from pets where id < 0`,
      [2 ** 53 - 1, big, -(2n ** 63n)],
    );
    expect(row).toEqual({ a: 2 ** 53 - 1, b: big, c: -(2n ** 63n), d: 0 });
  });

  test("[D1] violated keys are 409 with what and where", async () => {
    using db = database(name);
    await db.execute("insert into pets values (20, 'twenty', 1)");
    const twice = db.execute("insert into pets values (20, 'other', 1) returning id");
    const result = await twice.dispatch();
    expect([result.status, result.statusCode, result.data]).toEqual([3, 409, undefined as never]);
    expect(result.error).toMatchObject({
      name: "SqlError",
      code: "SQL_REFUSED",
      status: 409,
      sqlState: "23505",
      alias: name,
    });
    if (isSqlite) expect(result.error).toMatchObject({ table: "pets", column: "id" });
    else expect(result.error).toMatchObject({ constraint: "pets_pkey", table: "pets" });
    expect(result.error!.message).toStartWith(name);
    expect(result.error!.cause).toBeInstanceOf(Error);
    expect(await rejection(twice.one())).toMatchObject({ code: "RESULT_DUPLICATE", status: 409 });
    const sqlState = async (sql: string) => (await rejection(db.execute(sql)))["sqlState"];
    expect(await sqlState("insert into pets values (21, null, 1)")).toBe("23502");
    expect(await sqlState("insert into pets values (21, 'x', -1)")).toBe("23514");
  });

  test("[D1] a wrong statement is 500 with its SQLSTATE, and the next one works", async () => {
    using db = database(name);
    for (const [sql, parameters, sqlState] of [
      ["selec 1", [], "42601"],
      ["select * from nowhere", [], "42P01"],
      ["select nocolumn from pets", [], "42703"],
      ["select nofunction($1)", [1], "42883"],
      ["select $1 as a, $2 as b", [1], "08P01"],
      ["select 1; select $1", [1], "42601"],
    ] as const) {
      const { statusCode, error } = await db.execute(sql, parameters).dispatch();
      expect([sql, statusCode, (error as never as { sqlState: string }).sqlState]).toEqual([
        sql,
        500,
        sqlState,
      ]);
    }
    expect(await db.execute("select 1 as a").one()).toEqual({ a: 1 });
  });

  test("[D1] what no database stores is refused before it is sent", async () => {
    using db = database(name);
    for (const value of [undefined, "a\0b", Symbol("x"), () => 1, new Date(Number.NaN)])
      expect(await rejection(db.execute("select $1 as a", [value]))).toMatchObject({ code: "SQL_PARAMETER" });
    expect(await rejection(db.execute("select $1, $2", [1, "a\0b"]))).toMatchObject({
      message: 'parameter $2: "text with a NUL" is not accepted; accepted: text without NUL characters',
    });
    if (isSqlite)
      expect(await rejection(db.execute("select $1", [2n ** 63n]))).toMatchObject({ code: "SQL_PARAMETER" });
    for (const begin of [
      "begin",
      "/* x */ begin",
      "-- x\nbegin",
      "begin; select 1",
      "select 1; begin",
      "select ';'; /* ; */ Start  Transaction",
      "select 1; commit; begin",
      "begin; select 1; commit",
    ])
      expect(() => db.execute(begin)).toThrow(/TRANSACTION|was\.transaction/);
    for (const wrong of [undefined, null, 1])
      expect(() => db.execute(wrong as never)).toThrow(/execute.*accepted: a statement as text/);
    expect(() => database(name, { thred: true } as never)).toThrow(
      "was.db thred: unknown option, did you mean thread?",
    );
  });

  test("[D1] words of transactions in strings, names, comments and bodies are none", async () => {
    using db = database(name);
    await db.execute("create table words (id integer primary key, a text)");
    await db.execute(
      "insert into words (id, a) values (1, '; begin'); -- ; commit\n delete from words where a = 'end'",
    );
    expect(await db.execute("select '; rollback' as \"; commit\" /* ; end */ from words").one()).toEqual({
      "; commit": "; rollback",
    });
    expect(await db.execute("select case when id > 0 then 1 end as a from words").one()).toEqual({ a: 1 });
    await db.execute(
      isSqlite
        ? "create trigger w after insert on words begin delete from words where a = 'x'; select 1; end"
        : "do $x$ begin perform 1; end $x$; select E'\\'; begin'",
    );
    await db.execute("drop table words");
  });

  // Bun.SQL has a bound of its own.
  if (kind === "postgres")
    test("[D1] a connection keeps some hundred prepared statements, not one for every text", async () => {
      using db = database(databases.alias(kind, { pool: 1 }));
      for (let i = 0; i < 400; i++)
        expect(await db.execute(`select ${i} as a, $1::int as b`, [i]).one()).toEqual({ a: i, b: i });
      const long = `select $1::int as b /* ${"x".repeat(5000)} */`;
      expect(await db.execute(long, [1]).one()).toEqual({ b: 1 });
      const { most } = await db
        .execute<{ most: number }>("select count(*)::int as most from pg_prepared_statements")
        .one();
      expect(most).toBeLessThanOrEqual(256);
    });

  test("[D1] bytes and long texts come back as they went", async () => {
    using db = database(name);
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const text = "aé€😀".repeat(1_000_000);
    const [sql, type] = isSqlite ? ["blob", ""] : ["bytea", "::text"];
    const [row] = await db.execute(`select cast($1 as ${sql}) as bytes, $2${type} as text`, [bytes, text]);
    expect(Object.getPrototypeOf(row!["bytes"])).toBe(Uint8Array.prototype);
    expect(Bun.hash(row!["bytes"] as Uint8Array)).toBe(Bun.hash(bytes));
    expect(row!["text"] === text).toBe(true);
  });

  test("[D1] several statements without parameters are done all or none", async () => {
    using db = database(name);
    expect<unknown>(
      await db.execute(
        "create table two (id integer); insert into two values (1); insert into two values (2);",
      ),
    ).toEqual([]);
    const error = await rejection(
      db.execute("insert into two values (3); insert into two values ('x', 'y', 'z')"),
    );
    expect(error["code"]).toBe("SQL_REFUSED");
    expect((await db.execute("select count(*) as n from two").one())["n"]).toBe(2);
  });

  test("[D1] a table that changes under a statement that is known", async () => {
    using db = database(name);
    await db.execute("create table growing (a integer)");
    await db.execute("insert into growing values ($1)", [1]);
    const look = () => db.execute("select * from growing where a = $1", [1]);
    expect<unknown>(await look()).toEqual([{ a: 1 }]);
    await db.execute("alter table growing add column b text");
    const later = await look().dispatch();
    // PostgreSQL tells its client once for each connection that a kept plan has changed.
    if (later.error === undefined) expect<unknown>(later.data).toEqual([{ a: 1, b: null }]);
    else expect(later.error).toMatchObject({ sqlState: "0A000" });
  });

  test("[Q6] results are kept by statement and parameters", async () => {
    const read = (id: number) =>
      database(name, { useCache: true }).execute("select $1 as id, random() as r", [id]);
    const first = await read(1).fetch({ cache: 60 });
    expect(await read(1)).toEqual(first);
    expect(await read(2)).not.toEqual(first);
    expect(await database(name).execute("select $1 as id, random() as r", [1])).not.toEqual(first);
  });

  test("[D1] raw is the driver's own object, and it is alive", async () => {
    const client = await database(name).raw<{ unsafe?: unknown; query?: unknown }>();
    expect(typeof (isSqlite ? client.query : client.unsafe)).toBe("function");
  });

  test("[D1] map asks every member, lb one", async () => {
    const all = await database.map(name).execute("select 1 as a").fetch();
    expect(all).toEqual([[{ a: 1 }]] as never);
    expect(await database.lb(name).execute("select 1 as a").one()).toEqual({ a: 1 });
  });

  test("[D4] the query builder runs on it", async () => {
    using db = database(name);
    await db.insert("pets").data({ id: 40, name: "forty", age: 4 }).execute();
    expect(await db.select("pets").get("name").filter({ id: 40 }).execute().one()).toEqual({ name: "forty" });
    expect(await db.delete("pets").filter({ id: 40 }).execute()).toHaveProperty("count", 1);
  });

  if (isSqlite) return;

  test("[D1] a Unix socket, as the user and on the database of the environment", async () => {
    const { port, user, database: base } = databases.server;
    const { folder } = (await database(name)
      .execute("select current_setting('unix_socket_directories') as folder")
      .one()) as { folder: string };
    const { PGUSER, PGDATABASE } = Bun.env;
    try {
      Object.assign(Bun.env, { PGUSER: user, PGDATABASE: base });
      const local = databases.alias(kind, {}, `unix:${folder}/.s.PGSQL.${port}`);
      expect(
        await database(local)
          .execute(
            "select inet_client_addr() is null as local, current_user::text as name, $1::int as a",
            [1],
          )
          .one(),
      ).toEqual({ local: true, name: user, a: 1 });
      const result = await transaction(local, (tx) => tx.execute("select 1 as a").one());
      expect(result).toEqual({ a: 1 });
      const nobody = databases.alias(kind, {}, `unix:${folder}/none`);
      const error = await rejection(database(nobody).execute("select 1"));
      expect(error).toMatchObject({ code: "BACKEND_UNSENT" });
      expect(error.message).toContain(`${folder}/none`);
    } finally {
      for (const [key, value] of Object.entries({ PGUSER, PGDATABASE }))
        if (value === undefined) delete Bun.env[key];
        else Bun.env[key] = value;
    }
  }, 15_000);

  test("[D1] values of PostgreSQL's types", async () => {
    const [row] = await database(name).execute(
      `select 1.50::numeric numeric, 'NaN'::float8 nan, '2024-02-29'::date date, 'infinity'::date forever,
      '2024-02-29 12:00:00.25'::timestamp stamp, '2024-02-29 12:00+02'::timestamptz zoned, 'infinity'::timestamptz always,
      '{"a":[1,null]}'::json json, '[1,2]'::jsonb jsonb, 'null'::jsonb jsonnull, true yes, null nothing,
      array[1,null,3] ints, array[1,2] full, '{}'::int[] empty, array[1,9007199254740993]::int8[] bigs,
      array['a',null,'NULL','q"x,\\'] texts, array[[1,2],[3,4]] nested, array[1.25,null]::numeric[] numerics,
      array[true,false,null] bools, array['2024-01-01'::date] dates, array['2024-01-01T00:00Z'::timestamptz] stamps,
      array['{"a":1}'::jsonb] jsons, array['\\x01'::bytea] byteas, '10.0.0.1'::inet ip, '1 day'::interval span,
      '00000000-0000-0000-0000-000000000001'::uuid uuid where $1 = 1`,
      [1],
    );
    expect(row).toEqual({
      numeric: "1.50",
      nan: Number.NaN,
      date: "2024-02-29",
      forever: "infinity",
      stamp: new Date("2024-02-29T12:00:00.250Z"),
      zoned: new Date("2024-02-29T10:00Z"),
      always: Number.POSITIVE_INFINITY,
      json: { a: [1, null] },
      jsonb: [1, 2],
      jsonnull: null,
      yes: true,
      nothing: null,
      ints: [1, null, 3],
      full: [1, 2],
      empty: [],
      bigs: [1, 9_007_199_254_740_993n],
      texts: ["a", null, "NULL", 'q"x,\\'],
      nested: [
        [1, 2],
        [3, 4],
      ],
      numerics: ["1.25", null],
      bools: [true, false, null],
      dates: ["2024-01-01"],
      stamps: [new Date("2024-01-01T00:00Z")],
      jsons: [{ a: 1 }],
      byteas: [new Uint8Array([1])],
      ip: "10.0.0.1",
      span: "1 day",
      uuid: "00000000-0000-0000-0000-000000000001",
    });
    for (const list of ["ints", "full", "empty", "texts"])
      expect(Object.getPrototypeOf(row![list])).toBe(Array.prototype);
  });

  test("[D1] parameters of PostgreSQL's types", async () => {
    const day = new Date("2024-02-29T12:00:00.250Z");
    const [row] = await database(name).execute(
      `select $1::int8 a, $2::numeric b, $3::jsonb c, $4::int[] d, $5::timestamptz e, $6::timestamp f, $7::text[] g,
      $8::bool h, $9::jsonb i, $10::int8[] j, $11::bool[] k, $12::timestamptz[] l, $13::text[] m, $14::text[] n,
      $15::date o, $16::float8 p, $17::text q`,
      [
        2n ** 62n,
        "1.50",
        { a: [1] },
        [1, 2, null],
        day,
        day,
        ["a", null, 'q"\\,', "NULL"],
        true,
        [1, { b: null }],
        [1n, 2n],
        [true, null],
        [day],
        [],
        [["a"], ["b"]],
        "2024-02-29",
        1.5,
        null,
      ],
    );
    expect(row).toEqual({
      a: 2n ** 62n,
      b: "1.50",
      c: { a: [1] },
      d: [1, 2, null],
      e: day,
      f: day,
      g: ["a", null, 'q"\\,', "NULL"],
      h: true,
      i: [1, { b: null }],
      j: [1, 2],
      k: [true, null],
      l: [day],
      m: [],
      n: [["a"], ["b"]],
      o: "2024-02-29",
      p: 1.5,
      q: null,
    });
    expect(await database(name).execute("select 1 as a where 2 = any($1)", [[1, 2]])).toHaveLength(1);
  });
}

describe.skipIf(!postgresInstalled)("PostgreSQL by Bun.SQL", () => contract("bun"));
describe.skipIf(!postgresInstalled)("PostgreSQL by postgres", () => contract("postgres"));
describe("SQLite", () => contract("sqlite"));
