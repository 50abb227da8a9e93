import { afterAll, beforeAll, expect, test } from "bun:test";
import { tablePage } from "../../src/gateway/table-page.ts";
import type { TableRequest } from "../../src/gateway/table-request.ts";
import { type TestClient, testClient } from "../../src/testing/index.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(new URL("./fixtures/tables.ts", import.meta.url), undefined, { workers: 1 });
});
afterAll(() => server.stop());

interface Page {
  readonly rows: Record<string, unknown>[];
  readonly limit: number;
  readonly offset: number;
  readonly next: string | null;
}
const get = (search = "", headers: Record<string, string> = {}) =>
  server.get<Page>(`/db/photos${search}`, { headers });

test("[G1] rows of a table, no column more than is shown", async () => {
  const { status, data, headers, text } = await get("?id=5");
  expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
    200,
    "application/json",
    "private, no-cache",
  ]);
  expect(data).toEqual({
    rows: [{ id: 5, title: "photo 5", owner: "hans", data: "BQ==", big: "4611686018427387904" }],
    limit: 100,
    offset: 0,
    next: null,
  });
  expect(text).not.toContain("hidden");
});

test("[G1] following next gives every row once", async () => {
  const seen: unknown[] = [];
  let search: string | null = "?columns=id&order=owner&limit=99";
  for (let pages = 0; search !== null && pages < 10; pages++) {
    const { data, headers } = await get(search);
    seen.push(...data.rows.map(({ id }) => id));
    search = data.next;
    expect(headers.get("link")).toBe(search === null ? null : `<${search}>; rel="next"`);
  }
  expect(seen.length).toBe(250);
  expect(new Set(seen).size).toBe(250);
  expect(seen.slice(0, 3)).toEqual([2, 4, 6]);
});

test("[G1] filters are values to the database", async () => {
  const count = async (search: string): Promise<number> =>
    (await get(`${search}&limit=1000`)).data.rows.length;
  expect(await count("?owner=hans")).toBe(125);
  expect(await count("?id.in=1,2,3,999")).toBe(3);
  expect(await count("?id.ge=10&id.lt=20&owner.ne=eva")).toBe(5);
  expect(await count("?title.null=true")).toBe(1);
  expect(await count(`?owner=${encodeURIComponent("x' OR '1'='1")}`)).toBe(0);
});

test("[G1] who has a page gets 304; HEAD has no body", async () => {
  const first = await get("?id=5");
  const etag = first.headers.get("etag")!;
  expect(etag).toMatch(/^"[\w-]{22}"$/);
  const again = await get("?id=5", { "if-none-match": etag });
  expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
  expect((await get("?id=6", { "if-none-match": etag })).status).toBe(200);
  const head = await server.head("/db/photos?id=5");
  expect([head.status, head.headers.get("etag"), head.headers.get("content-length")]).toEqual([
    200,
    etag,
    String(first.text.length),
  ]);
});

test("[G1] refusals are problem answers", async () => {
  const cases: [method: string, path: string, status: number][] = [
    ["GET", "/db/photos?secret=hidden", 400],
    ["GET", "/db/photos?order=secret", 400],
    ["GET", "/db/photos?limit=1001", 400],
    ["GET", "/db/users", 404],
    ["GET", "/db/sqlite_master", 404],
    ["POST", "/db/photos", 405],
    ["DELETE", "/db/photos?id=5", 405],
  ];
  for (const [method, path, expected] of cases) {
    const { status, headers } = await server.request(method, path);
    expect([path, status, headers.get("content-type")]).toEqual([path, expected, "application/problem+json"]);
    expect(headers.get("allow")).toBe(expected === 405 ? "GET, HEAD" : null);
  }
});

test("[G1] cells of every kind are JSON; pages that are too long are refused", async () => {
  const asked: TableRequest = {
    table: "t",
    columns: ["a", "b", "c", "d", "e", "f", "missing"],
    filters: [],
    order: [],
    limit: 10,
    offset: 0,
  };
  const row = {
    a: 7n,
    b: new Date(0),
    c: Number.NaN,
    d: { list: [2n ** 60n] },
    e: 'a "quote"\u2028',
    f: null,
  };
  const { rows } = (await tablePage(asked, [row], "").json()) as Page;
  expect(rows).toEqual([
    {
      a: 7,
      b: "1970-01-01T00:00:00.000Z",
      c: null,
      d: { list: ["1152921504606846976"] },
      e: 'a "quote"\u2028',
      f: null,
      missing: null,
    },
  ]);
  const long = { a: "x".repeat(4 * 1024 * 1024) };
  expect(() => tablePage(asked, [long, long, long, long], "")).toThrow("fewer rows");
});
