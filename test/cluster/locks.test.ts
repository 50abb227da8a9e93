import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { RedisServer, redisInstalled } from "../support/redis.ts";
import { eventually, Machine, workersOf } from "./support.ts";

// On a busy machine starts take their time.
setDefaultTimeout(30_000);

const env = { TTL: "2s" };
let redis: RedisServer;
let one: Machine;
let two: Machine;
beforeAll(async () => {
  if (!redisInstalled) return;
  redis = await RedisServer.start();
  [one, two] = await Promise.all([Machine.start(redis.place, { env }), Machine.start(redis.place, { env })]);
});
afterAll(async () => {
  await one?.[Symbol.asyncDispose]();
  await two?.[Symbol.asyncDispose]();
  await redis?.stop();
});
const clustered = test.skipIf(!redisInstalled);

clustered(
  "[H4] [H5] four workers of two machines exclude each other, and each time the fence is greater (needs redis-server)",
  async () => {
    const fences = await Promise.all(
      workersOf(one, two).map((worker) => worker.do<number[]>("careful", "counted", 50)),
    );
    const client = new Bun.RedisClient(`redis://${redis.place}`);
    expect(await client.get("counted")).toBe("200");
    client.close();
    for (const own of fences) expect(own).toEqual(own.toSorted((a, b) => a - b));
    expect(new Set(fences.flat()).size).toBe(200);
  },
);

clustered("[H4] [H5] who waits on another machine is woken, or is late", async () => {
  const first = await one.first.do<number>("acquire", "room", 5);
  await expect(two.first.do("acquire", "room", 0.3)).rejects.toThrow("within 0.3 s");
  const waits = two.first.do<number>("acquire", "room", 5);
  await one.first.do("release", "room");
  expect(await waits).toBeGreaterThan(first);
  await two.first.do("release", "room");
  expect(await one.first.do<number>("acquire", "room", 5)).toBeGreaterThan(await waits);
  await one.first.do("release", "room");
});

clustered("[H4] [H5] a lock is kept for longer than the ttl while its holder lives", async () => {
  await one.first.do("acquire", "long", 5);
  await expect(two.first.do("acquire", "long", 4)).rejects.toThrow("within 4 s");
  expect(await one.first.do("lost", "long")).toBe(null);
  await one.first.do("release", "long");
});

clustered(
  "[H4] [H5] a worker that is killed gives its locks to the next of its machine at once",
  async () => {
    await using three = await Machine.start(redis.place, { env: { TTL: "60s", PREFIX: "slow" } });
    const [victim, other] = three.workers;
    const fence = await victim!.do<number>("acquire", "victim", 5);
    const waits = other!.do<number>("acquire", "victim", 5);
    process.kill(victim!.pid, "SIGKILL");
    expect(await waits).toBeGreaterThan(fence);
  },
);

clustered("[H4] [H5] a machine that is killed as a whole loses its locks after the ttl", async () => {
  const three = await Machine.start(redis.place, { workers: 1, env });
  const fence = await three.first.do<number>("acquire", "power", 5);
  const waits = two.first.do<number>("acquire", "power", 8);
  await three.kill();
  expect(await waits).toBeGreaterThan(fence);
  await two.first.do("release", "power");
});

clustered("[H4] [H5] who has a lock that Redis lost is told", async () => {
  await one.first.do("acquire", "told", 5);
  redis.freeze();
  try {
    await eventually(async () => (await one.first.do("lost", "told")) !== null);
    expect(await one.first.do<string>("lost", "told")).toStartWith('getLock("told"): ');
    await expect(one.first.do("acquire", "away", 0.2)).rejects.toThrow("within 0.2 s");
  } finally {
    redis.proceed();
  }
  await one.first.do("release", "told");
  await two.first.do("acquire", "told", 5);
  await two.first.do("release", "told");
});
