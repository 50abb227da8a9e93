import { expect, test } from "bun:test";
import { privateWords } from "../../src/state/file.ts";
import type { MemoryWords } from "../../src/state/memory.ts";
import type { Mirror, Report, Truth } from "../../src/state/mirror.ts";

function machine(): { words: MemoryWords; mirror: Mirror } {
  const words = privateWords(new Set(["x"]));
  words.claim();
  return { words, mirror: words.mirror() };
}
const nobody = () => false;
const one = (mirror: Mirror): Report => {
  const [report, ...more] = mirror.reports(nobody);
  expect(more).toEqual([]);
  return report!;
};
const truth = (value: bigint | undefined, more: Partial<Truth> = {}): Truth => ({
  value,
  time: 0n,
  changed: false,
  ...more,
});

test("[H5] a name is asked for once, then reported when it changed here", () => {
  const { words, mirror } = machine();
  expect(mirror.pulled).toBe(false);
  mirror.settle(one(mirror), truth(40n));
  expect([mirror.pulled, words.getgs("x", 9), mirror.reports(nobody)]).toEqual([true, 40, []]);
  words.incgs("x", 2);
  expect(one(mirror)).toMatchObject({ value: 42n, own: 2n, sent: 0n, set: undefined, change: undefined });
});

test("[H5] what is added here while others are asked is kept, and added once", () => {
  const { words, mirror } = machine();
  words.incgs("x", 5);
  const report = one(mirror);
  words.incgs("x", 3);
  mirror.settle(report, truth(105n));
  expect(words.getgs("x")).toBe(108);
  expect(one(mirror)).toMatchObject({ value: 108n, own: 8n, sent: 5n });
  mirror.settle(one(mirror), truth(108n));
  expect(mirror.reports(nobody)).toEqual([]);
});

test("[H5] a value that was set is reported as such until it is settled, and another one set meanwhile after it", () => {
  const { words, mirror } = machine();
  words.setgs("x", 7);
  const report = one(mirror);
  expect([report.value, report.set]).toEqual([7n, 1]);
  words.setgs("x", 8);
  mirror.settle(report, truth(7n));
  expect(one(mirror)).toMatchObject({ value: 8n, set: 2 });
  mirror.settle(one(mirror), truth(8n));
  expect([mirror.reports(nobody), words.getgs("x")]).toEqual([[], 8]);
});

test("[H5] a change elsewhere counts from when it is heard of, however clocks differ", () => {
  const { words, mirror } = machine();
  mirror.settle(one(mirror), truth(undefined));
  const time = words.setlu("x");
  const { change } = one(mirror);
  expect(Number(change!.time) / 1e6).toBe(time);
  // Of a machine whose clock is behind: Redis has given this one's time all the same.
  mirror.settle(one(mirror), truth(undefined, { time: change!.time, changed: true }));
  const heard = words.getlu("x");
  expect(heard).toBeGreaterThan(time);
  // Of one whose clock is ahead.
  const ahead = BigInt(Date.now() + 60_000) * 1000n;
  const [again] = mirror.reports(() => true);
  mirror.settle(again!, truth(undefined, { time: ahead, changed: true }));
  expect(words.getlu("x")).toBeGreaterThanOrEqual(Number(ahead) / 1e6);
  expect(words.setlu("x")).toBeGreaterThan(Number(ahead) / 1e6);
});

test("[H5] at its start a machine takes the times of changes as they were", () => {
  const { words, mirror } = machine();
  const past = BigInt(Date.now() - 5000) * 1000n;
  mirror.settle(one(mirror), truth(undefined, { time: past }));
  expect(words.getlu("x")).toBe(Number(past) / 1e6);
});
