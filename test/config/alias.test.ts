import { describe, expect, test } from "bun:test";
import { type AliasType, aliasDeclaration } from "../../src/config/alias-options.ts";
import { parseMember } from "../../src/config/members.ts";
import type { SkitaiError } from "../../src/errors.ts";

const refusal = (...given: unknown[]): string => {
  try {
    aliasDeclaration(...(given as Parameters<typeof aliasDeclaration>));
  } catch (error) {
    return (error as SkitaiError).message;
  }
  return "accepted";
};

describe("[Q1] members", () => {
  const cases: [text: string, type: AliasType, expected: object | undefined][] = [
    ["10.0.0.1:5001 20", "http", { host: "10.0.0.1", port: 5001, weight: 20, label: "10.0.0.1:5001" }],
    ["example.com", "https", { host: "example.com", port: 443, weight: 1 }],
    [
      "user:p%40ss@db:5433/shop 2",
      "postgresql",
      { user: "user", password: "p@ss", port: 5433, database: "shop", weight: 2 },
    ],
    ["user:a@b:c@db/shop", "postgresql", { user: "user", password: "a@b:c", host: "db", port: 5432 }],
    [":secret@cache/3", "redis", { user: "", password: "secret", port: 6379, database: "3" }],
    ["[::1]:8080", "http", { host: "::1", port: 8080, label: "[::1]:8080" }],
    ["http://a.example:81/base", "http", { host: "a.example", port: 81, database: "base" }],
    ["unix:/run/app.sock 3", "http", { host: "/run/app.sock", port: 0, weight: 3 }],
    ["./data/pets.db", "sqlite3", { host: "./data/pets.db", port: 0 }],
    ["https://a.example", "http", undefined],
    ["a:99999", "http", undefined],
    ["a:0", "http", undefined],
    ["a:80 0", "http", undefined],
    ["a:80 -1", "http", undefined],
    ["a b c", "http", undefined],
    ["", "http", undefined],
    ["  ", "sqlite3", undefined],
  ];
  for (const [text, type, expected] of cases)
    test(`${type} ${JSON.stringify(text)}`, () => {
      if (expected === undefined) expect(parseMember(text, type)).toBeUndefined();
      else expect(parseMember(text, type)).toMatchObject(expected);
    });

  test("labels hold no password", () => {
    expect(parseMember("user:secret@db:5433/shop", "postgresql")!.label).toBe("db:5433");
  });
});

describe("[Q1] bad aliases say what is accepted", () => {
  const cases: [given: unknown[], said: RegExp][] = [
    [["members", "http", "a:1", {}], /alias: "members".*@members/],
    [["@m", "ftp", "a:1", {}], /alias\("@m"\): "ftp".*PROTO_HTTP/],
    [["@m", "http", [], {}], /one member or more/],
    [["@m", "http", ["a:1", "b:0 x"], {}], /members like/],
    [["@m", "http", "a:1", { rol: "x" }], /"rol".*role/],
    [["@m", "postgresql", "a:1", { pool: 0 }], /pool as an integer/],
    [["@m", "http", "a:1", { timeout: "soon" }], /"soon".*timeout above 0/],
    [["@m", "http", "a:1", { timeout: -1 }], /-1.*timeout above 0/],
    [["@m", "http", "a:1", { ssl: "yes" }], /"yes".*ssl as true/],
    [["@m", "postgresql", "a:1", { driver: "bun" }], /"bun".*driver as an object/],
    [["@m", "http", "a:1", null], /options as an object/],
    [["@m", "http", "a?b:1", {}], /members like/],
    [["@m", "http", "a#b:1", {}], /members like/],
  ];
  for (const [given, said] of cases) test(String(said), () => expect(refusal(...given)).toMatch(said));

  test("a member that is wrong is not shown, it may hold a password", () => {
    expect(refusal("@m", "http", "user:secret@host:bad", {})).not.toContain("secret");
  });
});
