import { describe, expect, test } from "bun:test";
import { formatHttpDate, parseHttpDate } from "../../src/http/http-date.ts";

const MOMENT = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("[S1] HTTP-date", () => {
  test.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "%s",
    (text) => {
      expect(parseHttpDate(text)).toBe(MOMENT);
    },
  );

  test.each([
    "",
    "0",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37 +0100",
    "Sun, 06 Non 1994 08:49:37 GMT",
    "Sun, 32 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "tomorrow",
  ])("%p is none", (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });

  test("a two-digit year more than 50 years ahead is in the past", () => {
    const year = new Date().getUTCFullYear();
    const yearOf = (n: number) =>
      new Date(
        parseHttpDate(`Sunday, 06-Nov-${String(n % 100).padStart(2, "0")} 08:49:37 GMT`) ?? 0,
      ).getUTCFullYear();
    expect(yearOf(year + 50)).toBe(year + 50);
    expect(yearOf(year + 51)).toBe(year - 49);
  });

  test("what is written is read", () => {
    expect(formatHttpDate(MOMENT + 999)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
    expect(parseHttpDate(formatHttpDate(MOMENT))).toBe(MOMENT);
  });
});
