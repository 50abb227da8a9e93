import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import { Bench, isHit } from "./support.ts";

type Texts = Readonly<Record<string, string>>;

interface Case {
  /** Why, with the section of RFC 9111 where there is one. */
  readonly name: string;
  readonly response: Texts;
  readonly status?: number;
  /** Fields of the request that fills the store, and of the one that is answered from it. */
  readonly first?: Texts;
  readonly second?: Texts;
  /** Seconds between the two. */
  readonly after?: number;
  readonly hit: boolean;
}

const date = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();
const later = (name: string, response: Texts, hit: boolean, more: Partial<Case> = {}): Case => ({
  name,
  response,
  hit,
  after: 3,
  ...more,
});
const cc = (value: string, hit: boolean, more: Partial<Case> = {}): Case =>
  later(`Cache-Control: ${value}`, { "cache-control": value }, hit, more);
const cdn = (value: string, hit: boolean, response: Texts = {}): Case =>
  later(
    `CDN-Cache-Control: ${value} with ${JSON.stringify(response)}`,
    { ...response, "cdn-cache-control": value },
    hit,
  );

/** The areas and values are those of the public suite http-tests/cache-tests. */
const cases: readonly Case[] = [
  // Freshness
  later("nothing said", {}, false),
  cc("max-age=3600", true),
  cc("max-age=2147483648", true),
  cc("max-age=99999999999", true),
  cc("max-age=0", false),
  cc("max-age=1", false),
  cc("MaX-aGe=3600", true),
  cc("foobar, max-age=3600", true),
  cc("max-age=3600, foobar=baz", true),
  cc("s-maxage=3600", true),
  cc("s-maxage=1, max-age=3600", false),
  cc("s-maxage=3600, max-age=1", true),
  cc("s-maxage=0, max-age=3600", false),
  cc("max-age=3600, must-revalidate", true),
  cc("max-age=3600, proxy-revalidate", true),
  cc("max-age=2, must-revalidate", false, { second: { "cache-control": "max-stale" } }),
  cc("max-age=3600, immutable", true),
  cc("no-store", false),
  cc("No-StOrE, max-age=3600", false),
  cc("no-store, max-age=3600", false),
  cc("no-cache", false),
  cc("no-cache, max-age=3600", false),
  cc("private", false),
  cc("private, max-age=3600", false),
  cc("private, max-age=3600, s-maxage=3600", false),
  cc("public", false),
  // Parsing
  cc('extension="max-age=3600", max-age=1', false),
  cc('max-age=1, extension="max-age=3600"', false),
  cc('extension="a, no-store", max-age=3600', true),
  cc('extension="\\", no-store", max-age=3600', true),
  cc('max-age="3600"', true),
  cc("max-age='3600'", false),
  cc("max-age =3600", false),
  cc("max-age= 3600", false),
  cc("max-age=003600", true),
  cc("max-age=3600.5", false),
  cc("max-age=a3600", false),
  cc("max-age=3600a", false),
  cc("max-age=-3600", false),
  cc("max-age", false),
  cc("max-age=1800, max-age=1", false),
  cc("max-age=1, max-age=1800", false),
  cc(",, max-age=3600 ,,", true),
  cc("max-age=3600;no-store", false),
  // Qualified
  cc('no-cache="x-a", max-age=3600', true),
  cc('private="x-a", max-age=3600', true),
  cc('private="x-a, set-cookie", max-age=3600', true),
  // RFC 9111 §5.2.2.3
  cc("must-understand, no-store, max-age=3600", true),
  cc("must-understand, no-store, max-age=3600", false, { status: 499 }),
  cc("must-understand, max-age=3600", false, { status: 599 }),
  // Age
  later("age leaves some", { "cache-control": "max-age=3600", age: "1800" }, true),
  later("age leaves none", { "cache-control": "max-age=3600", age: "7200" }, false),
  later("age of several: the first", { "cache-control": "max-age=3600", age: "7200, 0" }, false),
  later("age of several: the first is small", { "cache-control": "max-age=3600", age: "0, 7200" }, true),
  later("age that is no number", { "cache-control": "max-age=3600", age: "abc" }, true),
  later("age below 0", { "cache-control": "max-age=3600", age: "-7200" }, true),
  later("age with a fraction", { "cache-control": "max-age=3600", age: "7200.0" }, true),
  later("Date long ago", { "cache-control": "max-age=3600", date: date(-7200) }, false),
  later("Date ahead", { "cache-control": "max-age=3600", date: date(100) }, true),
  // Expires
  later("Expires", { expires: date(3600) }, true),
  later("Expires now", { expires: date(0), date: date(0) }, false),
  later("Expires long ago", { expires: date(-3600) }, false),
  later("Expires 0", { expires: "0" }, false),
  later("Expires of two-digit year", { expires: "Thu, 18 Aug 50 02:01:18 GMT" }, false),
  later("Expires in RFC 850", { expires: "Thursday, 18-Aug-50 02:01:18 GMT" }, true),
  later("Expires in asctime", { expires: "Thu Aug 18 02:01:18 2050" }, true),
  later("Expires of dashes", { expires: "Thu, 18-Aug-2050 02:01:18 GMT" }, false),
  later("Expires twice", { expires: `${date(3600)}, ${date(3600)}` }, false),
  later("max-age before Expires", { "cache-control": "max-age=3600", expires: date(-9) }, true),
  later("max-age 0 before Expires", { "cache-control": "max-age=0", expires: date(3600) }, false),
  later("Expires counts from Date", { expires: date(-600), date: date(-1200) }, false),
  // Heuristic (RFC 9111 §4.2.2)
  later("Last-Modified", { "last-modified": date(-86_400) }, true),
  later("Last-Modified just now", { "last-modified": date(-10) }, false),
  later("Last-Modified and public", { "last-modified": date(-86_400), "cache-control": "public" }, true),
  ...[200, 203, 204, 404, 410].map((status) =>
    later(`Last-Modified of ${status}`, { "last-modified": date(-86_400) }, true, { status }),
  ),
  ...[201, 202, 403, 500, 503].map((status) =>
    later(`Last-Modified of ${status}`, { "last-modified": date(-86_400) }, false, { status }),
  ),
  ...[200, 203, 204, 299, 301, 302, 307, 400, 404, 410, 500, 503, 599].map((status) =>
    later(`max-age of ${status}`, { "cache-control": "max-age=3600" }, true, { status }),
  ),
  later("206 is not stored", { "cache-control": "max-age=3600", "content-range": "bytes 0-1/9" }, false, {
    status: 206,
  }),
  later("Pragma of an answer", { pragma: "no-cache", "last-modified": date(-86_400) }, false),
  later("Pragma beside max-age", { pragma: "no-cache", "cache-control": "max-age=3600" }, true),
  // Cookies
  cc("max-age=3600", false, { response: { "cache-control": "max-age=3600", "set-cookie": "a=b" } }),
  cc("public, max-age=3600", true, {
    response: { "cache-control": "public, max-age=3600", "set-cookie": "a=b" },
  }),
  // Authorization (RFC 9111 §3.5)
  ...(
    [
      ["max-age=3600", false],
      ["public, max-age=3600", true],
      ["s-maxage=3600", true],
      ["must-revalidate, max-age=3600", true],
    ] as const
  ).map(([value, hit]) =>
    cc(value, hit, { first: { authorization: "Basic eDp5" }, second: { authorization: "Basic eDp5" } }),
  ),
  cc("max-age=3600", false, { name: "asked with Authorization only later", second: { authorization: "x" } }),
  // Targeted (RFC 9213)
  cdn("max-age=3600", true),
  cdn("max-age=3600", true, { "cache-control": "no-store" }),
  cdn("max-age=3600", true, { "cache-control": "max-age=1" }),
  cdn("max-age=3600", true, { expires: "0" }),
  cdn("max-age=1", false, { "cache-control": "max-age=3600" }),
  cdn("max-age=0", false, { expires: date(3600) }),
  cdn("private", false, { "cache-control": "max-age=3600" }),
  cdn("no-cache", false, { "cache-control": "max-age=3600" }),
  cdn("no-store", false, { "cache-control": "max-age=3600" }),
  cdn("max-age=99999999999", true),
  cdn("foobar, max-age=3600;x=1", true),
  cdn("max-age=3600, &&&", false, { "cache-control": "no-store" }),
  cdn("max-age=3600, ", true, { "cache-control": "max-age=3600" }),
  cdn('max-age="3600"', false, { "cache-control": "no-store" }),
  cdn("max-age =3600", false, { "cache-control": "max-age=1" }),
  cdn("MaX-aGe=3600", false),
  cdn("", true, { "cache-control": "max-age=3600" }),
  cdn("no-store=?0, max-age=3600", true),
  // Requests (RFC 9111 §5.2.1)
  ...(
    [
      ["no-cache", false],
      ["no-store", true],
      ["max-age=0", false],
      ["max-age=1", false],
      ["max-age=100", true],
      ["min-fresh=100", true],
      ["min-fresh=99999", false],
      ["max-stale", true],
      ["only-if-cached", true],
      ["foobar", true],
    ] as const
  ).map(([value, hit]) =>
    cc("max-age=3600", hit, { name: `asked with ${value}`, second: { "cache-control": value } }),
  ),
  cc("max-age=2", true, { name: "max-stale", second: { "cache-control": "max-stale" } }),
  cc("max-age=2", true, { name: "max-stale=100", second: { "cache-control": "max-stale=100" } }),
  cc("max-age=2", false, { name: "max-stale=1", after: 9, second: { "cache-control": "max-stale=1" } }),
  cc("s-maxage=2", false, { name: "max-stale of s-maxage", second: { "cache-control": "max-stale" } }),
  cc("max-age=3600", false, { name: "asked with Pragma", second: { pragma: "no-cache" } }),
  cc("max-age=3600", true, {
    name: "Pragma beside Cache-Control",
    second: { pragma: "no-cache", "cache-control": "max-age=100" },
  }),
  cc("max-age=3600", false, { name: "filled with no-store", first: { "cache-control": "no-store" } }),
  // Vary (RFC 9111 §4.1)
  ...(
    [
      ["Foo", { foo: "1" }, { foo: "1" }, true],
      ["Foo", { foo: "1" }, { foo: "2" }, false],
      ["Foo", { foo: "1" }, {}, false],
      ["Foo", {}, { foo: "1" }, false],
      ["Foo", {}, {}, true],
      ["Foo", { foo: "1,  2" }, { foo: "1, 2" }, true],
      ["Foo", { foo: "1", other: "1" }, { foo: "1", other: "2" }, true],
      ["Foo, Bar", { foo: "1", bar: "1" }, { bar: "1", foo: "1" }, true],
      ["Foo, Bar", { foo: "1", bar: "1" }, { foo: "1", bar: "2" }, false],
      [",Foo,,", { foo: "1" }, { foo: "2" }, false],
      ["*", {}, {}, false],
      ["Foo, *", { foo: "1" }, { foo: "1" }, false],
    ] as const
  ).map(([vary, first, second, hit]) =>
    cc("max-age=3600", hit, {
      name: `Vary: ${vary} of ${JSON.stringify([first, second])}`,
      response: { "cache-control": "max-age=3600", vary },
      first: first as Texts,
      second: second as Texts,
    }),
  ),
  // What is another request than its URL says
  ...["x-http-method-override", "x-original-url", "x-rewrite-url", "if-match", "if-unmodified-since"].map(
    (name) => cc("max-age=3600", false, { name: `asked with ${name}`, second: { [name]: '"x"' } }),
  ),
];

afterEach(() => void setSystemTime());

describe("[C1] stored and used again, or not", () => {
  for (const { name, response, status = 200, first = {}, second = {}, after = 0, hit } of cases)
    test(`[C1] ${name} (${status}): ${hit ? "hit" : "miss"}`, async () => {
      await using bench = new Bench(() => ({ status, fields: response }));
      const one = await bench.ask("/", first);
      setSystemTime(new Date(Date.now() + after * 1000));
      const two = await bench.ask("/", second);
      expect([one.how, isHit(two), bench.seen.length]).toEqual([
        expect.stringContaining("fwd=uri-miss"),
        hit,
        hit ? 1 : 2,
      ]);
      expect(two.text).toBe(status === 204 ? "" : hit ? one.text : "body 2");
      expect(two.status).toBe(status);
    });
});
