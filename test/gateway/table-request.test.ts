import { expect, test } from "bun:test";
import type { GatewayError } from "../../src/gateway/error.ts";
import type { Tables } from "../../src/config/table-options.ts";
import { TableRules } from "../../src/gateway/table-request.ts";

const rules = new TableRules({
  photos: ["id", "title", "owner", "taken"],
  owners: { columns: ["id", "name", "mail"], filters: ["id"], orders: ["name"], pageSize: 10, maxRows: 20 },
});
const read = (target: string, method = "GET") => {
  const at = target.indexOf("?");
  return rules.read(method, at < 0 ? target : target.slice(0, at), at < 0 ? "" : target.slice(at));
};
const refusal = (target: string, method?: string): [number, string] => {
  try {
    return [200, JSON.stringify(read(target, method))];
  } catch (error) {
    const { status, message } = error as GatewayError;
    return [status, message];
  }
};

test("[G1] a table as a whole: all shown columns, in the order of the first one, a page", () => {
  const whole = {
    table: "photos",
    columns: ["id", "title", "owner", "taken"],
    filters: [],
    order: [{ column: "id", descending: false }],
    limit: 100,
    offset: 0,
  };
  for (const target of ["/photos", "/photos/", "/photos?"]) expect(read(target)).toEqual(whole);
  expect(read("/photos", "HEAD")).toEqual(whole);
  expect(read("/owners")).toMatchObject({ columns: ["id", "name", "mail"], limit: 10 });
});

test("[G1] filters, columns, order and page", () => {
  expect(
    read(
      "/photos?owner=hans%20roh&id.ge=5&id.lt=9&title.in=a,b,c&taken.null=false&columns=id,title&order=-taken,title&limit=1000&offset=20",
    ),
  ).toEqual({
    table: "photos",
    columns: ["id", "title"],
    filters: [
      { column: "owner", comparison: "=", values: ["hans roh"] },
      { column: "id", comparison: ">=", values: ["5"] },
      { column: "id", comparison: "<", values: ["9"] },
      { column: "title", comparison: "in", values: ["a", "b", "c"] },
      { column: "taken", comparison: "is not null", values: [] },
    ],
    order: [
      { column: "taken", descending: true },
      { column: "title", descending: false },
      { column: "id", descending: false },
    ],
    limit: 1000,
    offset: 20,
  });
  expect(read("/photos?order=-id").order).toEqual([{ column: "id", descending: true }]);
  expect(read("/photos?title.null=true").filters).toEqual([
    { column: "title", comparison: "is null", values: [] },
  ]);
});

test("[G1] values are values, whatever is in them", () => {
  for (const value of ["'; DROP TABLE photos --", "1 OR 1=1", "%", "\\", "${x}", "ä€😀", "a b", ""])
    expect(read(`/photos?title=${encodeURIComponent(value)}`).filters[0]!.values).toEqual([value]);
});

test("[G1] tables that are not shown are not there", () => {
  for (const path of [
    "/",
    "",
    "/users",
    "/PHOTOS",
    "/photos/5",
    "/photos//",
    "//photos",
    "/photos%20",
    "/photos;x",
    "/__proto__",
    "/constructor",
    "/photos%2f",
    "/%70hotos",
  ])
    expect([path, refusal(path)[0]]).toEqual([path, 404]);
});

test("[G1] what cannot be asked is 400, and says what can", () => {
  const cases: [query: string, said: RegExp][] = [
    ["password=x", /"password" is not accepted; accepted: id, title, owner, taken/],
    ["TITLE=x", /"TITLE" is not accepted/],
    ["title;--=x", /not accepted/],
    ["title.like=x", /ne, lt, le, gt, ge, in, null/],
    ["title.__proto__=x", /ne, lt/],
    ["title.ne.lt=x", /not accepted/],
    ["__proto__=x", /not accepted/],
    ["title.null=maybe", /true or false/],
    ["columns=id,password", /"password" is not accepted/],
    ["columns=", /columns: "" is not accepted/],
    ["columns=*", /"\*" is not accepted/],
    ["columns=count(*)", /not accepted/],
    ["columns=id&columns=title", /columns: once/],
    ["order=password", /"password" is not accepted/],
    ["order=--id", /"--id" is not accepted/],
    ["order=id%20desc", /not accepted/],
    ["order=id,-id", /each column once/],
    ["limit=0", /an integer from 1 to 1000/],
    ["limit=1001", /an integer from 1 to 1000/],
    ["limit=-1", /limit: "-1"/],
    ["limit=1e3", /limit/],
    ["limit=0x10", /limit/],
    ["limit=", /limit/],
    ["limit=1&limit=1000", /limit: once/],
    ["offset=1000001", /offset/],
    ["offset=99999999999999999999", /offset/],
    ["title=%00", /valid UTF-8/],
    ["title=%ff", /valid UTF-8/],
    [`title=${"x".repeat(1025)}`, /1024 characters/],
    [`title.in=${"x,".repeat(100)}x`, /100 values/],
    [Array.from({ length: 17 }, (_, at) => `title=${at}`).join("&"), /16 at most/],
    [`title=${"x".repeat(9000)}`, /8192 characters/],
  ];
  for (const [query, said] of cases) {
    const [status, message] = refusal(`/photos?${query}`);
    expect([query, status]).toEqual([query, 400]);
    expect(message).toMatch(said);
  }
  expect(refusal("/owners?name=x")).toEqual([400, 'column: "name" is not accepted; accepted: id']);
  expect(refusal("/owners?order=mail")[0]).toBe(400);
  expect(refusal("/owners?limit=21")[1]).toContain("from 1 to 20");
});

test("[G1] databases are read only", () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) {
    expect(refusal("/photos", method)[0]).toBe(405);
    // Neither does another method say which tables there are.
    expect(refusal("/users", method)[0]).toBe(404);
  }
  try {
    read("/photos", "POST");
  } catch (error) {
    expect((error as GatewayError).headers).toEqual({ allow: "GET, HEAD" });
  }
});

test("[G1] rules that cannot be", () => {
  const cases: [tables: unknown, said: RegExp][] = [
    [{}, /none is shown by itself/],
    [{ "photos; --": ["id"] }, /letters, digits/],
    [{ photos: [] }, /columns as a list of names/],
    [{ photos: ["id", "a b"] }, /"a b" is not accepted/],
    [{ photos: ["*"] }, /"\*" is not accepted/],
    [{ photos: ["id", "limit"] }, /"limit" is not accepted/],
    [{ photos: { columns: ["id"], filters: ["title"] } }, /filters and orders out of id/],
    [{ photos: { columns: ["id"], maxRows: 1001 } }, /maxRows from 1 to 1000/],
    [{ photos: { columns: ["id"], pageSize: 0 } }, /pageSize from 1/],
    [{ photos: {} }, /columns as a list of names/],
    [{ photos: "id" }, /columns as a list of names/],
    [{ photos: { columns: ["id"], orders: "id" } }, /filters and orders as lists/],
    [null, /none is shown by itself/],
  ];
  for (const [tables, said] of cases) {
    const message = (() => {
      try {
        new TableRules(tables as Tables);
        return "taken";
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect([tables, message]).toEqual([tables, expect.stringMatching(said)]);
  }
});
