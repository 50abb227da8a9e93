import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { RedisServer, redisInstalled } from "../support/redis.ts";
import { Client } from "../websocket/support.ts";
import { eventually, Machine, type Worker, workersOf } from "./support.ts";

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

/** What a worker has seen since it was asked last, as soon as it is `count` events. */
async function seen(worker: Worker, count: number): Promise<unknown[][]> {
  const all: unknown[][] = [];
  const end = Date.now() + 10_000;
  while (all.length < count) {
    all.push(...(await worker.do<unknown[][]>("seen")));
    if (Date.now() > end) throw new Error(`${all.length} events, not ${count}`);
  }
  return all;
}

/** Of one machine, whichever worker it is. */
async function member(machine: Machine, room: string): Promise<Client> {
  return Client.open(`${machine.client.url}/chat?room_id=${room}`);
}
const list = async (client: Client): Promise<string[]> => JSON.parse(String(await client.ask("/list")));
const sized = (client: Client, size: number): Promise<string[]> =>
  eventually(async () => {
    const found = await list(client);
    return found.length === size && found;
  });

clustered(
  "[H5] events come once to each worker of all machines, in the order of their sender (needs redis-server)",
  async () => {
    const all = workersOf(one, two);
    await Promise.all(all.map((worker) => worker.do("numbers", 2000)));
    for (const worker of all) {
      const events = await seen(worker, 8000);
      expect(events.length).toBe(8000);
      for (const { pid } of all) {
        const numbers = events.filter(([from]) => from === pid).map(([, number]) => number);
        expect(numbers).toEqual(Array.from({ length: 2000 }, (_, i) => i));
      }
    }
  },
);

clustered(
  "[H5] setlu says model-changed on the other machine, where the time is already the new one",
  async () => {
    const before = await two.first.do<number>("call", "getlu", "pets");
    const time = await one.first.do<number>("call", "setlu", "pets");
    for (const worker of two.workers) {
      const [[name, heard]] = (await seen(worker, 1)) as [[string, number]];
      expect(name).toBe("pets");
      expect(heard).toBeGreaterThan(before);
      expect(Math.abs(heard - time)).toBeLessThan(10);
    }
    for (const worker of one.workers) expect(await seen(worker, 1)).toEqual([["pets", time]]);
  },
);

clustered("[X3] [H5] members of a room on two machines see and hear each other, in order", async () => {
  using hans = await member(one, "both");
  using eva = await member(two, "both");
  expect((await sized(hans, 2)).toSorted()).toEqual((await sized(eva, 2)).toSorted());
  for (let i = 0; i < 100; i++) hans.send(`hans ${i}`);
  const expected = Array.from({ length: 100 }, (_, i) => `hans ${i}`);
  expect((await eva.take(100)).map(String)).toEqual(expected);
  expect((await hans.take(100)).map(String)).toEqual(expected);
  eva.socket.close();
  await sized(hans, 1);
});

clustered("[X3] [H5] who was there before a machine came is in its lists", async () => {
  using hans = await member(one, "early");
  await using three = await Machine.start(redis.place, { workers: 1, env });
  using eva = await member(three, "early");
  await sized(eva, 2);
  await sized(hans, 2);
});

clustered(
  "[X3] [H5] a worker that is killed leaves no ghosts on the other machine, well before the ttl",
  async () => {
    const slow = { TTL: "60s", PREFIX: "slow" };
    await using three = await Machine.start(redis.place, { env: slow });
    await using four = await Machine.start(redis.place, { workers: 1, env: slow });
    using eva = await member(four, "killed");
    const others = await Promise.all(Array.from({ length: 12 }, () => member(three, "killed")));
    await sized(eva, 13);
    process.kill(three.first.pid, "SIGKILL");
    await Promise.race(others.map((client) => client.closed));
    const left = await eventually(async () => {
      const found = await list(eva);
      return found.length < 13 && found;
    });
    expect(left.length).toBeGreaterThanOrEqual(1);
    for (const client of others) client[Symbol.dispose]();
    await sized(eva, 1);
  },
);

clustered(
  "[X3] [H5] a machine that is stopped is gone from the lists at once, and its counts are known",
  async () => {
    const slow = { TTL: "60s", PREFIX: "stopped" };
    await using three = await Machine.start(redis.place, { env: slow });
    await using four = await Machine.start(redis.place, { workers: 1, env: slow });
    using eva = await member(four, "stopped");
    using staying = await member(three, "stopped");
    await sized(eva, 2);
    await three.first.do("count", "hits", 100);
    await three.client.stop();
    await staying.closed;
    await sized(eva, 1);
    await eventually(async () => (await four.first.do("call", "getgs", "hits")) === 100);
  },
);

clustered("[X3] [H5] a machine that is killed as a whole is gone from the lists after the ttl", async () => {
  const three = await Machine.start(redis.place, { workers: 1, env });
  using eva = await member(two, "power");
  using gone = await member(three, "power");
  await sized(eva, 2);
  await three.kill();
  await gone.closed;
  await sized(eva, 1);
});
