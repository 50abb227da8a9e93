import { expect, test } from "bun:test";
import { type Deadline, Deadlines } from "../../src/server/deadlines.ts";

/** ms between two looks. */
const grain = 5;

const named = (name: string, told: string[], at = 0): Deadline => ({
  at,
  expire: () => void told.push(name),
});

test("[E12] each deadline expires once, and what was taken away never does", async () => {
  const deadlines = new Deadlines(grain);
  const told: string[] = [];
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => named(name, told)) as [
    Deadline,
    Deadline,
    Deadline,
    Deadline,
  ];
  for (const each of [a, b, c, d, a]) deadlines.add(each);
  expect(deadlines.size).toBe(4);
  deadlines.delete(a);
  deadlines.delete(a);
  deadlines.delete(named("stranger", told));
  expect(deadlines.size).toBe(3);
  const { promise, resolve } = Promise.withResolvers<void>();
  deadlines.add({ at: Date.now() + 4 * grain, expire: resolve });
  await promise;
  expect(told.toSorted()).toEqual(["b", "c", "d"]);
  expect(deadlines.size).toBe(0);
});

test("[E12] one that expires may take others with it, and come again", async () => {
  const deadlines = new Deadlines(grain);
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const second = named("second", told);
  const first: Deadline = {
    at: 0,
    expire: () => {
      deadlines.delete(second);
      if (told.push("first") === 3) return resolve();
      first.at = Date.now();
      deadlines.add(first);
    },
  };
  deadlines.add(first);
  deadlines.add(second);
  await promise;
  expect(told).toEqual(["first", "first", "first"]);
  expect(deadlines.size).toBe(0);
});
