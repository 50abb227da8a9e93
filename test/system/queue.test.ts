import { expect, test } from "bun:test";
import { Queue } from "../../src/system/queue.ts";

test("[X4] first in, first out, over all its moves", () => {
  const queue = new Queue<number>();
  expect(queue.shift()).toBeUndefined();
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 50; round++) {
    for (let n = 0; n < 1000; n++) queue.push(pushed++);
    for (let n = 0; n < 900; n++) expect(queue.shift()).toBe(taken++);
    expect(queue.length).toBe(pushed - taken);
  }
  while (queue.length > 0) expect(queue.shift()).toBe(taken++);
  expect([taken, queue.shift()]).toEqual([pushed, undefined]);
  queue.push(1);
  queue.clear();
  expect([queue.length, queue.shift()]).toEqual([0, undefined]);
});
