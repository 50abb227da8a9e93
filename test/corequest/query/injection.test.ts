import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { SkitaiError } from "../../../src/errors.ts";
import { Q } from "../../../src/corequest/query/condition.ts";
import { sql } from "../../../src/corequest/query/raw.ts";
import { builder, dialects } from "./support.ts";

const hostile = [
  "",
  " ",
  "*",
  "1",
  "1; drop table pets",
  "id; drop table pets; --",
  "id--",
  "id/**/",
  'id" or 1=1 --',
  "id` or 1=1 --",
  "id' or '1'='1",
  "id]",
  "id\0",
  "id\n",
  "id\\",
  "i d",
  "id)",
  "(select 1)",
  "a.b.c.d",
  ".id",
  "id.",
  "a..b",
  "count(id",
  "count(*))",
  "count(id);--",
  "sum(*)",
  "count(distinct *)",
  "pg_sleep(10)",
  "id as",
  "id as x as y",
  'id as "x"',
  "id as x; drop table pets",
  "id as x.y",
  "ｉｄ",
  "имя",
  "a".repeat(64),
  "a".repeat(100_000),
  "--id",
  "?",
  "$1",
];

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof SkitaiError ? error.code : String(error);
  }
  return "went through";
}

describe.each(dialects)("%s", (dialect) => {
  const db = builder(dialect);
  const pets = db.select("pets");

  const doors: Readonly<Record<string, (text: string) => unknown>> = {
    "a table": (text) => db.select(text),
    "a table to fill": (text) => db.insert(text),
    "a table to change": (text) => db.update(text),
    "a table to empty": (text) => db.delete(text),
    "a joined table": (text) => pets.join(text, { a: "b" }),
    "a joined column": (text) => pets.join("owners", { [text]: "id" }),
    "its partner": (text) => pets.join("owners", { id: text }),
    "a filter": (text) => pets.filter({ [text]: 1 }),
    "a filter with a look-up": (text) => pets.filter({ [`${text}__gt`]: 1 }),
    "a look-up": (text) => pets.filter({ [`id__${text}`]: 1 }),
    "an exclusion": (text) => pets.exclude({ [text]: 1 }),
    "a Q": (text) => pets.filter(Q({ a: 1 }).or(Q({ [text]: 1 }))),
    "a having": (text) => pets.having({ [`${text}__gt`]: 1 }),
    "an order": (text) => pets.orderBy(text),
    "an order down": (text) => pets.orderBy(`-${text}`),
    "a group": (text) => pets.groupBy(text),
    "data to insert": (text) => db.insert("pets").data({ [text]: 1 }),
    "data to update": (text) => db.update("pets").data({ [text]: 1 }),
    "a conflict": (text) => db.insert("pets").onConflict(text).ignore(),
    "an alias": (text) => pets.get(`id as ${text}`),
    "an alias of a table": (text) => db.select(`pets as ${text}`),
    "an alias of SQL": (text) => pets.get(sql`1`.as(text)),
    "a name in SQL": (text) => pets.filter(sql.ref(text)),
  };

  test.each(Object.keys(doors))("[D4] %s takes no SQL", (door) => {
    for (const text of hostile) {
      expect(`${codeOf(() => doors[door]!(text))}: ${text.slice(0, 50)}`).toBe(
        `QUERY_INVALID: ${text.slice(0, 50)}`,
      );
    }
  });

  test("[D4] columns to give back take no SQL", () => {
    for (const text of hostile.filter((one) => one !== "*")) {
      expect(codeOf(() => pets.get(text))).toBe("QUERY_INVALID");
      expect(codeOf(() => db.delete("pets").returning(text))).toBe("QUERY_INVALID");
      expect(codeOf(() => pets.get(`${text}.*`))).toBe("QUERY_INVALID");
    }
  });

  test("[D4] names of JavaScript's own are no look-ups", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"])
      expect(codeOf(() => pets.filter({ [`id__${name}`]: 1 }))).toBe("QUERY_INVALID");
  });

  test("[D4] values are parameters, whatever they look like", () => {
    const value = "'; drop table pets; -- $1 ? \" `";
    const query = pets
      .filter({ a: value, b__in: [value], c__between: [value, value], d__contains: value, e__iexact: value })
      .filter(sql`f = ${value}`);
    const { sql: text, parameters } = query.toSql();
    expect(text).not.toContain("drop");
    expect(parameters).toHaveLength(7);
    expect(db.insert("pets").data({ a: value }).toSql().parameters).toEqual([value]);
    expect(db.update("pets").data({ a: value }).all().toSql().parameters).toEqual([value]);
  });

  test("[D4] operators in values from outside are refused", () => {
    for (const value of [{ $gt: "" }, { toString: 1 }, [1], [], new Map(), () => 1, Symbol("x"), /x/])
      expect(codeOf(() => pets.filter({ id: value }))).toBe("QUERY_INVALID");
  });

  test("[D4] values that say nothing or lose something are refused", () => {
    for (const value of [
      undefined,
      Number.NaN,
      Infinity,
      2n ** 63n,
      -(2n ** 63n) - 1n,
      new Date("x"),
      "a\0b",
    ]) {
      expect(codeOf(() => pets.filter({ id: value }))).toBe("QUERY_INVALID");
      expect(codeOf(() => pets.filter({ id__in: [1, value] }))).toBe("QUERY_INVALID");
      expect(codeOf(() => pets.filter({ id__between: [1, value] }))).toBe("QUERY_INVALID");
      expect(codeOf(() => db.insert("pets").data({ id: value }))).toBe("QUERY_INVALID");
      expect(codeOf(() => db.update("pets").data({ id: value }))).toBe("QUERY_INVALID");
      expect(codeOf(() => pets.filter(sql`id = ${value}`))).toBe("QUERY_INVALID");
    }
    for (const data of [new Map([["a", 1]]), new Date(), null, undefined, 1, "id", [[1]]])
      expect(codeOf(() => db.insert("pets").data(data as never))).toBe("QUERY_INVALID");
    expect(codeOf(() => pets.filter({ name__contains: "\0" }))).toBe("QUERY_INVALID");
    for (const rows of [-1, 1.5, Number.NaN, Infinity, "1; drop table pets" as never, 2 ** 60])
      expect(codeOf(() => pets.limit(rows))).toBe("QUERY_INVALID");
    const many = Array.from({ length: 32_767 }, (_, index) => index);
    expect(codeOf(() => pets.filter({ id__in: many }).toSql())).toBe("QUERY_INVALID");
  });
});

test("[D4] an error names what was wrong in one line, without all of it", () => {
  const db = builder("sqlite");
  expect(() => db.select("pets").filter({ "na me__gt": 1 })).toThrow('column: "na me" is not accepted');
  expect(() => db.select("pets").filter({ age__near: 1 })).toThrow('look-up: "age__near" is not accepted');
  expect(() => db.select("pets").filter({ age: undefined })).toThrow("age: ");
  const secret = { password: "hunter2" };
  expect(() => db.select("pets").filter({ age: secret })).toThrow(/^age: "Object" is not accepted/);
  expect(() => db.insert("pets").data({ name: "hunter2\0" })).toThrow(
    /^name: "text with NUL" is not accepted/,
  );
  try {
    db.select("x\n".repeat(1000));
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(300);
    expect((error as Error).message).not.toContain("\n");
  }
});

test("[D4] a misspelt column is an error on SQLite, not a text", () => {
  const client = new Database(":memory:");
  client.run("create table pets (id integer primary key)");
  const { sql: text, parameters } = builder("sqlite")
    .select("pets")
    .get("colour")
    .filter({ colour: "colour" })
    .toSql();
  expect(() => client.query(text).all(...(parameters as string[]))).toThrow("no such column: colour");
  client.close();
});

test("[D4] no end of different names does not fill the memory", () => {
  const pets = builder("sqlite").select("pets");
  Bun.gc(true);
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 50_000; index++) pets.orderBy(`name_${index}`);
  Bun.gc(true);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20 * 2 ** 20);
});
