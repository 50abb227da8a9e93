import { describe, expect, test } from "bun:test";
import { CorequestCounts } from "../../src/metrics/corequests.ts";
import { countOf, quantile, sumCell } from "../../src/metrics/durations.ts";
import { Failures, keptFailures } from "../../src/metrics/failures.ts";
import { RequestCounts } from "../../src/metrics/requests.ts";
import { Ring } from "../../src/metrics/ring.ts";

describe("[U2] requests", () => {
  test("are counted by mount and class, with bytes and the sum of durations", () => {
    const counts = new RequestCounts();
    counts.count("", 200, 0, 10);
    counts.count("", 204, 7, 0);
    counts.count("", 404, 1, 5);
    counts.count("/shop", 200, 99_999, 3);
    const rows = new Map(counts.durations.map(([labels, cells]) => [labels.join(" "), cells]));
    expect([...rows.keys()]).toEqual(["/ 2xx", "/ 4xx", "/shop 2xx"]);
    expect(countOf(rows.get("/ 2xx")!)).toBe(2);
    expect(rows.get("/ 2xx")![sumCell]).toBe(7);
    // In the bucket behind the last bound.
    expect(rows.get("/shop 2xx")!.indexOf(1)).toBe(sumCell - 1);
    expect(counts.bytes).toEqual([
      [["/", "2xx"], [10]],
      [["/", "4xx"], [5]],
      [["/shop", "2xx"], [3]],
    ]);
  });

  test("of a status that is none are failures, and mounts beyond 500 are one", () => {
    const counts = new RequestCounts();
    counts.count("", 999, 1, 0);
    for (let n = 0; n < 2000; n++) counts.count(`/m${n}`, 200, 1, 0);
    const rows = counts.durations;
    expect(rows[0]![0]).toEqual(["/", "5xx"]);
    expect(rows.length).toBe(501);
    const rest = rows.find(([[mount]]) => mount === "(none)")!;
    expect(countOf(rest[1])).toBe(2001 - 500);
  });
});

test("[U2] calls are counted by alias; URLs, which clients may choose, are one label", () => {
  const counts = new CorequestCounts();
  counts.count("@prices", "ok", 3);
  counts.count("@prices", "timeout", 1000);
  for (let n = 0; n < 1000; n++) counts.count(`http://host${n}`, "ok", 1);
  const rows = counts.durations.map(([labels, cells]) => [...labels, countOf(cells)]);
  expect(rows).toEqual([
    ["@prices", "ok", 1],
    ["@prices", "timeout", 1],
    ["(other)", "ok", 1000],
  ]);
});

test("[U1] a quantile is a place within its bucket", () => {
  const counts = new RequestCounts();
  for (let ms = 1; ms <= 100; ms++) counts.count("", 200, ms, 0);
  const cells = counts.durations[0]![1];
  expect(quantile(cells, 0.5)).toBe(50);
  expect(quantile(cells, 0.95)).toBeWithin(90, 100);
  expect(quantile([], 0.5)).toBeUndefined();
  counts.count("/slow", 200, 1e6, 0);
  expect(quantile(counts.durations[1]![1], 0.5)).toBe(30_000);
});

describe("[U1] failures", () => {
  test("are first lines without passwords, the last hundred of them", () => {
    const failures = new Failures();
    failures.error(new Error("cannot open postgres://app:se%20cret@db/shop\nand a secret line"));
    failures.error("x".repeat(100_000));
    failures.error({ some: "thing" });
    const { errors } = failures.take();
    expect(errors[0]!.text).toBe("Error: cannot open postgres://***@db/shop");
    expect(errors[1]!.text.length).toBe(300);
    expect(errors.every(({ gtxnid }) => gtxnid === undefined)).toBe(true);
    for (let n = 0; n < 1000; n++) failures.error(new Error(`number ${n}`));
    const last = failures.take().errors;
    expect(last.length).toBe(keptFailures);
    expect(last.at(-1)!.text).toBe("Error: number 999");
    expect(failures.take().errors).toEqual([]);
    expect(failures.count).toBe(1003);
  });

  test("a ring has the newest, oldest first", () => {
    const ring = new Ring<number>(3);
    for (let n = 0; n < 10; n++) ring.push(n);
    expect(ring.items).toEqual([7, 8, 9]);
    ring.push(10, 11, 12, 13, 14);
    expect(ring.take()).toEqual([12, 13, 14]);
    expect(ring.items).toEqual([]);
  });
});
