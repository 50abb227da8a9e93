import { expect, test } from "bun:test";
import { aliasDeclaration } from "../../src/config/alias-options.ts";
import { Cluster } from "../../src/upstream/cluster.ts";

const cluster = (...members: string[]): Cluster => new Cluster(aliasDeclaration("@x", "http", members, {}));

test("[Q5] calls are shared by weight when all members are idle", () => {
  const two = cluster("a:1 3", "b:1 1");
  const counts = { "a:1": 0, "b:1": 0 };
  for (let i = 0; i < 4000; i++) {
    const member = two.claim()!;
    counts[member.label as keyof typeof counts]++;
    member.release();
  }
  expect(counts["a:1"]).toBeGreaterThan(2750);
  expect(counts["a:1"]).toBeLessThan(3250);
});

test("[Q5] the member that is least busy for its weight is asked", () => {
  const two = cluster("a:1 2", "b:1 1");
  const claimed = Array.from({ length: 9 }, () => two.claim()!.label);
  expect(claimed.filter((label) => label === "a:1")).toHaveLength(6);
  expect(two.members.map(({ active }) => active)).toEqual([6, 3]);
});

test("[P2] a member that failed is set aside, and the others get its calls", () => {
  const two = cluster("a:1", "b:1");
  const [a, b] = two.members;
  a!.failed(Date.now());
  for (let i = 0; i < 20; i++) expect(two.claim()).toBe(b!);
});

test("[P2] when all members are set aside all are asked", () => {
  const two = cluster("a:1", "b:1");
  for (const member of two.members) member.failed(Date.now());
  const asked = new Set(Array.from({ length: 50 }, () => two.claim()!.label));
  expect(asked).toEqual(new Set(["a:1", "b:1"]));
});

test("[P2] after 60 s one call probes a member, after ten failures 600 s", () => {
  const [member] = cluster("a:1").members;
  const failed = 1_000_000;
  member!.failed(failed);
  expect([member!.available(failed + 59_000), member!.available(failed + 60_000)]).toEqual([false, true]);
  member!.claim();
  expect(member!.available(failed + 60_000)).toBe(false);
  member!.release();
  for (let i = 0; i < 9; i++) member!.failed(failed);
  expect([member!.available(failed + 599_000), member!.available(failed + 600_000)]).toEqual([false, true]);
  member!.answered();
  expect([member!.failures, member!.available(failed)]).toEqual([0, true]);
});

test("[Q5] members that were tried are not asked again", () => {
  const two = cluster("a:1", "b:1");
  const first = two.claim()!;
  const second = two.claim(new Set([first]))!;
  expect(second).not.toBe(first);
  expect(two.claim(new Set([first, second]))).toBeUndefined();
});
