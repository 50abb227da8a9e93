import { describe, expect, test } from "bun:test";
import { Q } from "../../../src/corequest/query/condition.ts";
import type { Statement } from "../../../src/corequest/query/executor.ts";
import { sql } from "../../../src/corequest/query/raw.ts";
import { builder } from "./support.ts";

const pg = builder("postgresql");
const lite = builder("sqlite");

describe("select", () => {
  test("[D4] a keyed select in both dialects", () => {
    expect(pg.select("pets").get("id", "name").filter({ id: 3 }).toSql()).toEqual({
      sql: 'select "id", "name" from "pets" where "id" = $1',
      parameters: [3],
    });
    expect(lite.select("pets").get("id", "name").filter({ id: 3 }).toSql()).toEqual({
      sql: "select `id`, `name` from `pets` where `id` = ?",
      parameters: [3],
    });
  });

  test("[D4] lists of many lengths make few statements", () => {
    const texts = new Set<string>();
    for (let length = 9; length <= 4096; length += 7) {
      const query = pg
        .select("pets")
        .filter({ id__in: Array.from({ length }, (_, id) => id) })
        .toSql();
      texts.add(query.sql);
      expect(new Set(query.parameters).size).toBe(length);
    }
    expect(texts.size).toBe(9);
  });

  test("[D4] everything at once", () => {
    const query = pg
      .select("pets as p")
      .get("p.name as pet", "count(*) as n", "avg(p.age)")
      .leftJoin("owners as o", { "o.id": "p.owner_id" }, Q({ "o.active": true }))
      .filter({ "p.age__gte": 3 }, Q({ "p.name__startsWith": "A" }).or(Q({ "p.name": "Bob" })))
      .exclude({ "p.id__in": [1, 2], "p.name__contains": "x" })
      .groupBy("p.name")
      .having({ "count(*)__gt": 1 })
      .orderBy("-n", "p.name")
      .distinct()
      .limit(10)
      .offset(20);
    expect(query.toSql()).toEqual({
      sql:
        'select distinct "p"."name" as "pet", cast(count(*) as double precision) as "n", ' +
        'cast(avg("p"."age") as double precision) as "avg" from "pets" as "p" ' +
        'left join "owners" as "o" on "o"."id" = "p"."owner_id" and "o"."active" = $1 ' +
        'where "p"."age" >= $2 and ("p"."name" like $3 escape \'\\\' or "p"."name" = $4) ' +
        'and not ("p"."id" in ($5, $6) and "p"."name" like $7 escape \'\\\') group by "p"."name" ' +
        'having count(*) > $8 order by "n" desc, "p"."name" limit $9 offset $10',
      parameters: [true, 3, "A%", "Bob", 1, 2, "%x%", 1, 10, 20],
    });
  });

  test("[D4] SQLite gets its own words for case, nulls and an offset alone", () => {
    const query = lite.select("pets").get("id").filter({ name__contains: "a*b", name__icontains: "50%" });
    expect(query.orderBy("-age", "name").offset(5).toSql()).toEqual({
      sql:
        "select `id` from `pets` where `name` glob ? and `name` like ? escape '\\' " +
        "order by `age` desc nulls first, `name` nulls last limit -1 offset ?",
      parameters: ["*a[*]b*", "%50\\%%", 5],
    });
  });

  test("[D4] a stem is not changed by its branches", () => {
    const stem = pg.select("posts").get("id").filter({ hidden: false });
    const before = stem.toSql();
    const total = stem.branch().aggregate("count(*) as total");
    const page = stem.branch().filter({ id__lt: 9 }).orderBy("-id").limit(3);
    expect(stem.toSql()).toEqual(before);
    expect(total.toSql().sql).toBe(
      'select cast(count(*) as double precision) as "total" from "posts" where "hidden" = $1',
    );
    expect(page.toSql().parameters).toEqual([false, 9, 3]);
    expect(page.count().toSql().parameters).toEqual([false, 9]);
  });

  test("[D4] Q joins, turns round and leaves out what says nothing", () => {
    const where = (condition: object) =>
      pg
        .select("t")
        .filter(condition as never)
        .toSql()
        .sql.split(" where ")[1];
    expect(
      where(
        Q({ a: 1 })
          .or(Q({ b: 2 }))
          .and(Q({ c: 3 }).not()),
      ),
    ).toBe('("a" = $1 or "b" = $2) and not ("c" = $3)');
    expect(where(Q({ a: 1, b: 2 }).or(Q({ c: 3, d: 4 })))).toBe(
      '("a" = $1 and "b" = $2 or "c" = $3 and "d" = $4)',
    );
    expect(where(Q({}).or(Q({ a: 1 })))).toBe('"a" = $1');
    expect(where(Q({}).not())).toBeUndefined();
    expect(where({})).toBeUndefined();
  });

  test("[D4] a query inside a query, its tables named", async () => {
    const seen: Statement[] = [];
    const db = builder("postgresql", (statement) => (seen.push(statement), []));
    const rich = db.select("owners").get("id").filter({ money__gt: 5 });
    await db.select("pets").filter({ age: 2, owner_id__in: rich }).limit(1).execute().fetch();
    expect(seen).toEqual([
      {
        sql: 'select * from "pets" where "age" = $1 and "owner_id" in (select "id" from "owners" where "money" > $2) limit $3',
        parameters: [2, 5, 1],
        writes: false,
        tables: ["pets", "owners"],
      },
    ]);
    expect(() => lite.select("pets").filter({ owner_id__in: rich })).toThrow("subquery");
  });

  test("[D4] pieces of SQL keep their values parameters", () => {
    const query = pg
      .select("pets")
      .get("id", sql`upper(${sql.ref("name")})`.as("loud"))
      .filter({ name: sql`lower(${"A"})` }, sql`age > ${3} or age < ${sql`${1} + ${1}`}`)
      .groupBy(sql`1`)
      .orderBy(sql`random()`);
    expect(query.toSql()).toEqual({
      sql:
        'select "id", upper("name") as "loud" from "pets" where "name" = lower($1) ' +
        "and (age > $2 or age < $3 + $4) group by 1 order by random()",
      parameters: ["A", 3, 1, 1],
    });
  });
});

describe("changes", () => {
  test("[D4] insert: one row, several, none, conflicts", () => {
    const insert = pg.insert("pets");
    expect(insert.toSql().sql).toBe('insert into "pets" default values');
    const rows = insert.data([
      { id: 1, name: "Ann" },
      { name: "Bob", id: 2 },
    ]);
    expect(rows.toSql()).toEqual({
      sql: 'insert into "pets" ("id", "name") values ($1, $2), ($3, $4)',
      parameters: [1, "Ann", 2, "Bob"],
    });
    expect(rows.onConflict("id").ignore().returning("id").toSql().sql).toEndWith(
      'on conflict ("id") do nothing returning "id"',
    );
    expect(rows.onConflict("id").update().toSql().sql).toEndWith(
      'on conflict ("id") do update set "name" = "excluded"."name"',
    );
    expect(rows.onConflict("id").update({ name: "Eve" }).toSql().parameters).toEqual([
      1,
      "Ann",
      2,
      "Bob",
      "Eve",
    ]);
    expect(() => insert.data([])).toThrow("one row at least");
    expect(() => insert.data([{ id: 1 }, { name: "x" }])).toThrow("the columns of the first row: id");
    expect(() => insert.data([{}, {}]).toSql()).toThrow("several rows");
    expect(() => insert.data({ id: 1 }).onConflict("id").update()).toThrow("more columns");
    expect(() => pg.insert("pets as p")).toThrow("without alias");
  });

  test("[D4] SQLite gets dates, truth and JSON as what it has", () => {
    const row = { at: new Date(0), yes: true, doc: { a: [1] } };
    expect(lite.insert("t").data(row).toSql().parameters).toEqual([
      "1970-01-01T00:00:00.000Z",
      1,
      '{"a":[1]}',
    ]);
    expect(pg.insert("t").data(row).toSql()).toEqual({
      sql: 'insert into "t" ("at", "yes", "doc") values ($1, $2, cast(cast($3 as text) as json))',
      parameters: [new Date(0), true, '{"a":[1]}'],
    });
  });

  test("[D4] update and delete", () => {
    expect(
      pg
        .update("pets")
        .data({ name: "Eve", age: sql`age + ${1}` })
        .filter({ id: 3 })
        .toSql(),
    ).toEqual({
      sql: 'update "pets" set "name" = $1, "age" = age + $2 where "id" = $3',
      parameters: ["Eve", 1, 3],
    });
    expect(lite.delete("pets as p").exclude({ "p.id": 3 }).returning("id").toSql()).toEqual({
      sql: "delete from `pets` as `p` where not (`p`.`id` = ?) returning `id`",
      parameters: [3],
    });
  });

  test("[D4] without a condition nothing is changed, unless all is meant", () => {
    const changes = [pg.delete("pets"), pg.update("pets").data({ a: 1 })];
    for (const change of changes) {
      expect(() => change.execute()).toThrow("without a condition");
      expect(() => change.filter({}).execute()).toThrow("without a condition");
      expect(() => change.exclude(Q({})).toSql()).toThrow("without a condition");
      expect(change.all().toSql().sql).not.toContain("where");
      expect(() => change.toSql()).toThrow("without a condition");
    }
    expect(() => pg.update("pets").all().toSql()).toThrow("data(…)");
    expect(() => pg.update("pets").data({})).toThrow("one column at least");
  });

  test("[D4] what changes rows is known as such", async () => {
    const seen: Statement[] = [];
    const db = builder("sqlite", (statement) => (seen.push(statement), []));
    await db.insert("a").execute().fetch();
    await db.update("b").data({ x: true }).filter({ id: 1 }).execute().fetch();
    await db.delete("public.c").all().execute().fetch();
    expect(seen.map(({ writes, tables }) => [writes, ...tables])).toEqual([
      [true, "a"],
      [true, "b"],
      [true, "public.c"],
    ]);
  });
});
