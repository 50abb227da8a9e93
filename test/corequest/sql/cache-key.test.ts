import { expect, test } from "bun:test";
import { SqlCall } from "../../../src/corequest/backends/sql-call.ts";

test("[Q6] statements with other parameters have other keys", () => {
  const now = new Date(0);
  const parameters = [
    [1n],
    ["1n"],
    [1],
    ["1"],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [null],
    ["null"],
    [0],
    [-0],
    [now],
    [now.toISOString()],
    [new Uint8Array([1])],
    [{ 0: 1 }],
    [[1]],
    [Buffer.from([2])],
    [{ type: "Buffer", data: [2] }],
    [1, 2],
    [[1, 2]],
  ];
  const keys = parameters.map((each) => new SqlCall("select 1", each).cacheKey());
  expect(new Set(keys).size).toBe(parameters.length);
  expect(new SqlCall("select 1", [1n, now]).cacheKey()).toBe(
    new SqlCall("select 1", [1n, new Date(0)]).cacheKey(),
  );
});
