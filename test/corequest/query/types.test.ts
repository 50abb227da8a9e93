import { expect, test } from "bun:test";
import { Q } from "../../../src/corequest/query/condition.ts";
import { sql } from "../../../src/corequest/query/raw.ts";
import type { Task } from "../../../src/corequest/task.ts";
import { builder } from "./support.ts";

interface Shop {
  pets: { id: number; name: string; age: number | null; owner_id: number };
  owners: { id: number; name: string; active: boolean };
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Rows<Query> = Query extends { execute(): Task<(infer Row)[]> } ? Row : never;
/** Does not compile unless the rows of `query` are of exactly this type. */
const rowsAre = <Row>() => ({ of: <Query>(_query: Query, _same: Same<Rows<Query>, Row>): void => {} });

const db = builder<Shop>("sqlite");
const pets = db.select("pets");

test("[D4] rows have the type of what was picked", () => {
  rowsAre<{ id: number; name: string; age: number | null; owner_id: number }>().of(pets, true);
  rowsAre<{ id: number; name: string }>().of(pets.get("id", "name"), true);
  rowsAre<{ id: number; age: number | null }>().of(pets.get("id").get("pets.age"), true);
  rowsAre<{ pet: string; n: number; avg: number | null }>().of(
    db.select("pets as p").get("p.name as pet", "count(*) as n", "avg(age)"),
    true,
  );
  rowsAre<{ name: string | null }>().of(pets.aggregate("max(name) as name"), true);
  rowsAre<{ count: number }>().of(pets.count(), true);
  const joined = db.select("pets as p").leftJoin("owners as o", { "o.id": "p.owner_id" });
  rowsAre<{ id: number; active: boolean | null }>().of(joined.get("p.id", "o.active"), true);
  rowsAre<{ id: number; loud: string }>().of(pets.get("id", sql<string>`upper(name)`.as("loud")), true);
  rowsAre<{ id: number }>().of(db.insert("pets").data({ name: "a" }).returning("id"), true);
  rowsAre<{ name: string }>().of(db.update("pets").data({ age: 3 }).all().returning("name"), true);
  rowsAre<{ name: string }>().of(db.delete("pets").all().returning("name"), true);
  rowsAre<{ a: unknown; c: unknown }>().of(builder("sqlite").select("x").get("a", "b as c"), true);
  rowsAre<{ [name: string]: unknown }>().of(builder("sqlite").select("x"), true);
  expect(joined.get("p.id", "o.active").toSql().sql).toContain("`p`.`id`, `o`.`active`");
});

test("[D4] words that go", () => {
  const filtered = pets
    .filter({ age__gte: 3, name__contains: "a", id__in: [1, 2], age__isnull: false, "pets.age": null })
    .filter(
      { age__between: [1, 2] },
      Q({ name__startsWith: "A" })
        .or(Q({ name: "Bob" }))
        .and(Q({ id__lt: 3 }).not()),
    )
    .exclude({ owner_id__in: db.select("owners").get("id").filter({ active: true }) })
    .groupBy("name")
    .having({ "count(*)__gt": 2, "max(age)__between": [1, 2] })
    .orderBy("-name", "-count(*)");
  expect(filtered.toSql().parameters).toEqual([3, "*a*", 1, 2, 1, 2, "A*", "Bob", 3, 1, 2, 1, 2]);
});

test("[D4] names and values that are wrong do not compile, and most do not run", () => {
  // @ts-expect-error no such table
  db.select("cats");
  // @ts-expect-error no such column
  pets.get("colour");
  // @ts-expect-error no such column
  pets.filter({ colour: "red" });
  // @ts-expect-error no such column in a look-up
  pets.filter({ colour__contains: "red" });
  // @ts-expect-error no such column in Q
  pets.filter(Q({ name: "a", colour: "red" }));
  // @ts-expect-error text for a number
  pets.filter({ id: "3" });
  // @ts-expect-error text for a number in Q
  pets.filter(Q({ id: "3" }));
  // @ts-expect-error null for a column that has none
  pets.filter({ name: null });
  // @ts-expect-error no such column
  pets.orderBy("-colour");
  // @ts-expect-error no such column
  db.insert("pets").data({ colour: "red" });
  // @ts-expect-error text for a number
  db.update("pets").data({ age: "3" });
  // @ts-expect-error no such column to come back
  db.delete("pets").returning("colour");
  // @ts-expect-error a join on a column of a table that is not there
  db.select("pets as p").join("owners as o", { "x.id": "p.owner_id" });
  // @ts-expect-error no such look-up
  expect(() => pets.filter({ age__near: 3 })).toThrow("look-up");
  // @ts-expect-error one value for a list
  expect(() => pets.filter({ id__in: 3 })).toThrow("a list");
  // @ts-expect-error three values for a pair
  expect(() => pets.filter({ id__between: [1, 2, 3] })).toThrow("a pair");
  // @ts-expect-error a number for a flag
  expect(() => pets.filter({ age__isnull: 1 })).toThrow("true or false");
  // @ts-expect-error a look-up for text on a number
  expect(() => pets.filter({ id__contains: 1 })).toThrow("text");
  // @ts-expect-error undefined drops no condition
  expect(() => pets.filter({ id: undefined })).toThrow("undefined");
});
