import { Database, type SQLQueryBindings } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { Q } from "../../../src/corequest/query/condition.ts";
import type { Dialect } from "../../../src/corequest/query/executor.ts";
import { sql } from "../../../src/corequest/query/raw.ts";
import { postgresInstalled, type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { builder, type Run } from "./support.ts";

interface Shop {
  owners: { id: number; name: string; active: boolean };
  pets: { id: number; name: string | null; age: number | null; owner_id: number | null };
  things: {
    id: number;
    big: bigint | null;
    flag: boolean | null;
    at: Date | null;
    doc: object | null;
    bytes: Uint8Array | null;
  };
}

const schema = (dialect: Dialect): string[] => {
  const [time, json, bytes] =
    dialect === "sqlite" ? ["text", "text", "blob"] : ["timestamptz", "jsonb", "bytea"];
  return [
    "create table owners (id integer primary key, name text not null, active boolean not null)",
    "create table pets (id integer primary key, name text, age integer, owner_id integer)",
    `create table things (id integer primary key, big bigint, flag boolean, at ${time}, doc ${json}, bytes ${bytes})`,
  ];
};

interface Open {
  readonly run: Run;
  close(): Promise<void> | void;
}

function openSqlite(): Open {
  const client = new Database(":memory:");
  for (const text of schema("sqlite")) client.run(text);
  const run: Run = ({ sql: text, parameters }) =>
    client.query(text).all(...(parameters as SQLQueryBindings[]));
  return { run, close: () => client.close() };
}

async function openPostgres(): Promise<Open> {
  const server: PostgresServer = await startPostgres();
  const client = postgres(server.url, { max: 1, onnotice: () => {} });
  for (const text of schema("postgresql")) await client.unsafe(text);
  const run: Run = async ({ sql: text, parameters }) => [
    ...(await client.unsafe(text, parameters as never[], { prepare: true })),
  ];
  const close = async (): Promise<void> => {
    await client.end({ timeout: 1 });
    await server.stop();
  };
  return { run, close };
}

const names = ["Ann", "ann", "bob", "a%b", "a_b", "a\\b", "a*b", "a?b", "[ab]", null];

describe.each(["sqlite", "postgresql"] as const)("%s", (dialect) => {
  describe.skipIf(dialect === "postgresql" && !postgresInstalled)("rows", () => {
    let open: Open;
    const db = builder<Shop>(dialect, (statement) => open.run(statement));
    const pets = db.select("pets");
    const ids = async (query: { execute(): { fetch(): Promise<{ id: number }[]> } }): Promise<number[]> =>
      (await query.execute().fetch()).map(({ id }) => id);

    beforeAll(async () => {
      open = dialect === "sqlite" ? openSqlite() : await openPostgres();
      await db
        .insert("owners")
        .data([
          { id: 1, name: "Eve", active: true },
          { id: 2, name: "Max", active: false },
        ])
        .execute()
        .fetch();
      const rows = names.map((name, at) => ({
        id: at + 1,
        name,
        age: at === 2 ? null : at + 1,
        owner_id: at < 4 ? (at % 2) + 1 : null,
      }));
      await db.insert("pets").data(rows).execute().fetch();
    }, 30_000);
    afterAll(() => open?.close());

    const matching = (condition: object): Promise<number[]> =>
      ids(
        pets
          .get("id")
          .filter(condition as never)
          .orderBy("id"),
      );

    const filters: readonly (readonly [condition: object, ids: number[]])[] = [
      [{ name: "Ann" }, [1]],
      [{ name: null }, [10]],
      [{ name__neq: "Ann" }, [2, 3, 4, 5, 6, 7, 8, 9]],
      [{ name__not: null, id__gt: 8 }, [9]],
      [{ name__iexact: "ANN" }, [1, 2]],
      [{ name__iexact: "a_b" }, [5]],
      [{ name__contains: "n" }, [1, 2]],
      [{ name__contains: "A" }, [1]],
      [{ name__icontains: "A" }, [1, 2, 4, 5, 6, 7, 8, 9]],
      [{ name__contains: "%" }, [4]],
      [{ name__contains: "_" }, [5]],
      [{ name__contains: "\\" }, [6]],
      [{ name__contains: "*" }, [7]],
      [{ name__contains: "?" }, [8]],
      [{ name__contains: "[" }, [9]],
      [{ name__contains: "]" }, [9]],
      [{ name__icontains: "A%" }, [4]],
      [{ name__icontains: "a\\" }, [6]],
      [{ name__startsWith: "a" }, [2, 4, 5, 6, 7, 8]],
      [{ name__startswith: "A" }, [1]],
      [{ name__istartsWith: "AN" }, [1, 2]],
      [{ name__nstartsWith: "a" }, [1, 3, 9]],
      [{ name__endsWith: "b" }, [3, 4, 5, 6, 7, 8]],
      [{ name__endsWith: "B" }, []],
      [{ name__iendsWith: "B]" }, [9]],
      [{ name__nendsWith: "b" }, [1, 2, 9]],
      [{ name__ncontains: "b" }, [1, 2]],
      [{ name__contains: "" }, [1, 2, 3, 4, 5, 6, 7, 8, 9]],
      [{ id__in: [1, 3, 99] }, [1, 3]],
      [{ id__in: [] }, []],
      [{ id__notin: [] }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
      [{ name__in: ["bob", null] }, [3, 10]],
      [{ name__in: [null] }, [10]],
      [{ age__notin: [1, 2, null] }, [4, 5, 6, 7, 8, 9, 10]],
      [{ age__notin: [1, 2] }, [4, 5, 6, 7, 8, 9, 10]],
      [{ age__isnull: true }, [3]],
      [{ age__isnull: false, id__lte: 4 }, [1, 2, 4]],
      [{ age__isnotnull: true, id__lte: 4 }, [1, 2, 4]],
      [{ age__between: [4, 6] }, [4, 5, 6]],
      [{ age__range: [9, 4] }, []],
      [{ id__lt: 2 }, [1]],
      [{ id__lte: 2, id__gte: 2 }, [2]],
      [{ id: 3n }, [3]],
      [{ name: "bob'; drop table pets; --" }, []],
      [
        Q({ id: 1 })
          .or(Q({ id: 2, name: "no" }))
          .or(Q({ id: 3 })),
        [1, 3],
      ],
      [Q({ id__lt: 9 }).and(Q({ id__lt: 3 }).not()), [3, 4, 5, 6, 7, 8]],
      [sql`id + ${1} = ${5}`, [4]],
      [{ owner_id__in: db.select("owners").get("id").filter({ active: true }) }, [1, 3]],
    ];
    test.each(filters.map((_, index) => index))("[D4] filter, row %d of the table", async (index) => {
      const [condition, expected] = filters[index]!;
      expect(await matching(condition)).toEqual(expected);
    });

    test("[D4] exclude: an empty list excludes nothing, several words are one", async () => {
      expect(await ids(pets.get("id").exclude({ id__in: [] }).limit(2).orderBy("id"))).toEqual([1, 2]);
      expect(await ids(pets.get("id").exclude({ id__lt: 9, age__gt: 1 }).orderBy("id"))).toEqual([1, 9, 10]);
    });

    test("[D4] order, nulls, limit and offset", async () => {
      expect(await ids(pets.get("id").orderBy("age"))).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10, 3]);
      expect(await ids(pets.get("id").orderBy("-age").limit(3))).toEqual([3, 10, 9]);
      expect(await ids(pets.get("id").orderBy("id").offset(8))).toEqual([9, 10]);
      expect(await ids(pets.get("id").orderBy("id").limit(2).offset(1))).toEqual([2, 3]);
      expect(await ids(pets.get("id").limit(0))).toEqual([]);
    });

    test("[D4] joins, groups and aggregates as plain numbers", async () => {
      const grouped = db
        .select("pets as p")
        .leftJoin("owners as o", { "o.id": "p.owner_id" }, Q({ "o.active": true }))
        .get("o.name as owner", "count(*) as n", "sum(p.age) as sum", "avg(p.age)", "max(p.id)")
        .groupBy("o.name")
        .orderBy("owner");
      expect(await grouped.execute().fetch()).toEqual([
        { owner: "Eve", n: 2, sum: 1, avg: 1, max: 3 },
        { owner: null, n: 8, sum: 51, avg: 6.375, max: 10 },
      ]);
      expect(await grouped.having({ "count(*)__gt": 2 }).execute().fetch()).toHaveLength(1);
      const inner = pets.join("owners", { "owners.id": "pets.owner_id" });
      expect(await inner.filter({ "owners.name": "Max" }).count().execute().one()).toEqual({ count: 2 });
      const none = pets.filter({ id: 0 }).aggregate("count(*) as n", "sum(age)", "min(name)");
      expect(await none.execute().one()).toEqual({ n: 0, sum: null, min: null });
      expect(await pets.aggregate("count(distinct owner_id) as n").execute().one()).toEqual({ n: 2 });
      expect(await pets.get("owner_id").distinct().execute().fetch()).toHaveLength(3);
    });

    test("[D4] insert, conflict, update, delete", async () => {
      const owners = db.insert("owners");
      const given = owners.data([
        { id: 7, name: "New", active: true },
        { id: 1, name: "Other", active: false },
      ]);
      expect(await given.onConflict("id").ignore().returning("id").execute().fetch()).toEqual([{ id: 7 }]);
      expect(await given.onConflict("id").update().returning("id", "name").execute().fetch()).toEqual([
        { id: 7, name: "New" },
        { id: 1, name: "Other" },
      ]);
      const named = given.onConflict("id").update({ name: "Eve", active: true });
      expect(await named.returning("name").execute().fetch()).toEqual([{ name: "Eve" }, { name: "Eve" }]);
      const renamed = db
        .update("owners")
        .data({ name: sql`name || ${"!"}` })
        .filter({ id: 7 });
      expect(await renamed.returning("name").execute().fetch()).toEqual([{ name: "Eve!" }]);
      const gone = db.delete("owners").filter({ active: true, id__gt: 1 }).returning("id");
      expect(await gone.execute().fetch()).toEqual([{ id: 7 }]);
      expect(await db.select("owners").count().execute().one()).toEqual({ count: 2 });
    });

    test("[D4] every kind of value is stored and found", async () => {
      const at = new Date("2026-02-03T04:05:06.789Z");
      const bytes = new Uint8Array([0, 1, 255]);
      const things = db.select("things");
      await db
        .insert("things")
        .data([
          { id: 1, big: 9_007_199_254_740_991n, flag: true, at, doc: { a: [1, "x'"], b: null }, bytes },
          { id: 2, big: null, flag: false, at: new Date(0), doc: [1, 2], bytes: null },
          { id: 3, big: null, flag: null, at: null, doc: null, bytes: null },
        ])
        .execute()
        .fetch();
      expect(await ids(things.get("id").filter({ big: 9_007_199_254_740_991n }))).toEqual([1]);
      expect(await ids(things.get("id").filter({ flag: true }))).toEqual([1]);
      expect(await ids(things.get("id").filter({ flag: false }))).toEqual([2]);
      expect(await ids(things.get("id").filter({ at }))).toEqual([1]);
      expect(await ids(things.get("id").filter({ at__lt: at }))).toEqual([2]);
      expect(await ids(things.get("id").filter({ bytes }))).toEqual([1]);
      expect(await ids(things.get("id").filter({ doc: null }))).toEqual([3]);
      const docs = await things.get("doc", "bytes").orderBy("id").execute().fetch();
      const parsed = docs.map(({ doc }) => (typeof doc === "string" ? JSON.parse(doc) : doc));
      expect(parsed).toEqual([{ a: [1, "x'"], b: null }, [1, 2], null]);
      expect([...docs[0]!.bytes!]).toEqual([0, 1, 255]);
      await db
        .update("things")
        .data({ doc: { c: 1 } })
        .filter({ id: 3 })
        .execute()
        .fetch();
      expect(await ids(things.get("id").filter({ doc__isnull: true }))).toEqual([]);
    });

    test("[D4] regular expressions: PostgreSQL has them, SQLite says that it has not", async () => {
      const query = () => pets.get("id").filter({ name__regex: "^[Aa]nn$" }).orderBy("id");
      if (dialect === "sqlite") expect(query).toThrow("SQLite has no regular expressions");
      else {
        expect(await ids(query())).toEqual([1, 2]);
        expect(await ids(pets.get("id").filter({ name__iregex: "^B" }))).toEqual([3]);
      }
    });
  });
});
