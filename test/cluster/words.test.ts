import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { RedisServer, redisInstalled } from "../support/redis.ts";
import { Machine, settle, workersOf } from "./support.ts";

// On a busy machine starts take their time.
setDefaultTimeout(30_000);

let redis: RedisServer;
let one: Machine;
let two: Machine;
beforeAll(async () => {
  if (!redisInstalled) return;
  redis = await RedisServer.start();
  [one, two] = await Promise.all([Machine.start(redis.place), Machine.start(redis.place)]);
});
afterAll(async () => {
  await one?.[Symbol.asyncDispose]();
  await two?.[Symbol.asyncDispose]();
  await redis?.stop();
});
const clustered = test.skipIf(!redisInstalled);

clustered(
  "[H5] two machines with two workers count 10,000 each: the sum is exact on all (needs redis-server)",
  async () => {
    const all = workersOf(one, two);
    await Promise.all(all.map((worker) => worker.do("count", "hits", 10_000)));
    await settle(all, 40_000, "call", "getgs", "hits");
    await Promise.all(all.map((worker) => worker.do("call", "incgs", "hits", -10_000)));
    await settle(all, 0, "call", "getgs", "hits");
  },
);

clustered("[H5] the last machine that sets a name wins, and counts go on from there", async () => {
  const all = workersOf(one, two);
  await one.first.do("call", "setgs", "level", 5);
  await settle(all, 5, "call", "getgs", "level", 77);
  await two.first.do("call", "setgs", "level", -(2 ** 53 - 1));
  await settle(all, -(2 ** 53 - 1), "call", "getgs", "level");
  await two.first.do("call", "setgs", "level", 0);
  await settle(all, 0, "call", "getgs", "level", 77);
  await Promise.all(all.map((worker) => worker.do("call", "incgs", "level", 2)));
  await settle(all, 8, "call", "getgs", "level");
  expect(await one.first.do("call", "getgs", "other", 9)).toBe(9);
});

clustered(
  "[H5] setlu ends what other machines keep: their times are later, and grow with each call",
  async () => {
    const all = workersOf(one, two);
    let last = await two.first.do<number>("call", "getlu", "pets");
    for (let round = 0; round < 10; round++) {
      const machine = round % 2 === 0 ? one : two;
      const time = await machine.first.do<number>("call", "setlu", "pets");
      expect(time).toBeGreaterThan(last);
      for (const worker of all) {
        for (;;) {
          last = Math.max(last, await worker.do<number>("call", "getlu", "pets"));
          if ((await worker.do<number>("call", "getlu", "pets")) >= time) break;
        }
      }
    }
  },
);

clustered("[H5] a machine that starts later has the values before it serves", async () => {
  await one.first.do("call", "setgs", "other", 123);
  await settle(workersOf(two), 123, "call", "getgs", "other");
  await using three = await Machine.start(redis.place, { workers: 1 });
  expect(await three.first.do("call", "getgs", "other", 9)).toBe(123);
  expect(await three.first.do("call", "getgs", "level")).toBe(8);
});

clustered("[H5] a worker that is killed loses no count", async () => {
  const [victim] = one.workers;
  await victim!.do("count", "other", 1000);
  process.kill(victim!.pid, "SIGKILL");
  await settle(workersOf(two), 1123, "call", "getgs", "other");
  await one.meet(2);
  await settle(workersOf(one), 1123, "call", "getgs", "other");
});

clustered(
  "[H5] a rolling reload keeps the sum: the next worker goes on where the last one ended",
  async () => {
    const before = await two.first.do<number>("call", "getgs", "hits");
    const old = new Set(one.workers.map(({ pid }) => pid));
    await one.first.do("count", "hits", 1000);
    process.kill(one.client.pid!, "SIGHUP");
    const deadline = Date.now() + 15_000;
    do {
      await Bun.sleep(50);
      await one.meet(2).catch(() => {});
    } while (one.workers.some(({ pid }) => old.has(pid)) && Date.now() < deadline);
    expect(one.workers.filter(({ pid }) => old.has(pid))).toEqual([]);
    await Promise.all(workersOf(one, two).map((worker) => worker.do("count", "hits", 1000)));
    await settle(workersOf(one, two), before + 5000, "call", "getgs", "hits");
  },
);
