import { expect, test } from "bun:test";
import { mask } from "../../src/corequest/mask.ts";
import { tasks } from "../../src/corequest/tasks.ts";

test("[Q4] named tasks come first, then the others", async () => {
  const all = tasks({ a: mask(1), b: mask(2) }, mask(3), mask(4));
  expect(await all.fetch()).toEqual([1, 2, 3, 4]);
  expect(await all.dict()).toEqual({ a: 1, b: 2 });
  expect(await tasks().fetch()).toEqual([]);
});

test("[Q4] what is no task is refused at once", () => {
  for (const wrong of [
    [1],
    [undefined],
    [null],
    [[mask(1), "x"]],
    [{ a: null }],
    [{ a: mask(1) }, mask(2), 3],
  ])
    expect(() => tasks(...(wrong as never[]))).toThrow(/Tasks.*accepted.*tasks/);
});
