import { describe, expect, test } from "bun:test";
import { evaluate, rangeApplies } from "../../src/http/conditional.ts";
import type { Precondition, Validators } from "../../src/http/conditional.ts";

const LAST_MODIFIED = Date.UTC(2024, 0, 1);
const AT = "Mon, 01 Jan 2024 00:00:00 GMT";
const BEFORE = "Sun, 31 Dec 2023 23:59:59 GMT";
const AFTER = "Mon, 01 Jan 2024 00:00:01 GMT";
const STRONG: Validators = { etag: '"a"', lastModified: LAST_MODIFIED };
const WEAK: Validators = { etag: 'W/"a"', lastModified: LAST_MODIFIED };

const cases: [
  headers: Record<string, string>,
  expected: Precondition,
  validators?: Validators,
  method?: string,
][] = [
  [{}, "proceed"],
  [{ "if-none-match": '"a"' }, "not-modified"],
  [{ "if-none-match": '"a"' }, "not-modified", STRONG, "HEAD"],
  [{ "if-none-match": '"a"' }, "precondition-failed", STRONG, "PUT"],
  [{ "if-none-match": 'W/"a"' }, "not-modified"],
  [{ "if-none-match": '"a"' }, "not-modified", WEAK],
  [{ "if-none-match": '"b"' }, "proceed"],
  [{ "if-none-match": '"b", W/"a","c"' }, "not-modified"],
  [{ "if-none-match": '"x,y", "a"' }, "not-modified"],
  [{ "if-none-match": '"x,"a' }, "proceed"],
  [{ "if-none-match": "*" }, "not-modified"],
  [{ "if-none-match": "*" }, "precondition-failed", STRONG, "PUT"],
  [{ "if-none-match": "a" }, "proceed"],
  [{ "if-none-match": "" }, "proceed"],
  [{ "if-none-match": '"b"', "if-modified-since": AFTER }, "proceed"],
  [{ "if-modified-since": AT }, "not-modified"],
  [{ "if-modified-since": AFTER }, "not-modified"],
  [{ "if-modified-since": BEFORE }, "proceed"],
  [{ "if-modified-since": "yesterday" }, "proceed"],
  [{ "if-modified-since": AT }, "proceed", STRONG, "POST"],
  [{ "if-modified-since": AT }, "proceed", { etag: '"a"' }],
  [{ "if-match": '"a"' }, "proceed"],
  [{ "if-match": '"b", "a"' }, "proceed"],
  [{ "if-match": "*" }, "proceed"],
  [{ "if-match": '"b"' }, "precondition-failed"],
  [{ "if-match": 'W/"a"' }, "precondition-failed"],
  [{ "if-match": 'W/"a"' }, "precondition-failed", WEAK],
  [{ "if-match": '"a"' }, "precondition-failed", { lastModified: LAST_MODIFIED }],
  [{ "if-match": '"b"', "if-none-match": '"a"' }, "precondition-failed"],
  [{ "if-match": '"a"', "if-none-match": '"a"' }, "not-modified"],
  [{ "if-match": '"a"', "if-unmodified-since": BEFORE }, "proceed"],
  [{ "if-unmodified-since": AT }, "proceed"],
  [{ "if-unmodified-since": BEFORE }, "precondition-failed"],
  [{ "if-unmodified-since": "never" }, "proceed"],
  [{ "if-unmodified-since": AT, "if-modified-since": AT }, "not-modified"],
];

const ranges: [ifRange: string | undefined, applies: boolean, validators?: Validators][] = [
  [undefined, true],
  ['"a"', true],
  ['"b"', false],
  ['W/"a"', false],
  ['W/"a"', false, WEAK],
  [AT, true],
  [AFTER, false],
  [BEFORE, false],
  ["a", false],
  ['"a"', false, { lastModified: LAST_MODIFIED }],
  [AT, false, { etag: '"a"' }],
];

describe("[S1] preconditions in the order of RFC 9110 §13.2.2", () => {
  test.each(cases)("%j gives %s", (headers, expected, validators = STRONG, method = "GET") => {
    expect(evaluate(method, new Headers(headers), validators)).toBe(expected);
  });

  test.each(ranges)("If-Range %j: %j", (ifRange, applies, validators = STRONG) => {
    expect(rangeApplies(new Headers(ifRange === undefined ? {} : { "if-range": ifRange }), validators)).toBe(
      applies,
    );
  });
});
