import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type RedisConfig, RedisServer, redisInstalled } from "../support/redis.ts";
import { Client } from "../websocket/support.ts";
import { eventually, Machine, settle, type Worker, workersOf } from "./support.ts";

// On a busy machine starts take their time.
setDefaultTimeout(30_000);

const env = { TTL: "2s" };
/** No port: one that nobody listens on may be somebody else's when the server comes back. */
const directory = mkdtempSync(join(tmpdir(), "skitai-cluster-"));
const socketed = (name: string): [string, RedisConfig] => {
  const unixsocket = join(directory, name);
  return [`unix:${unixsocket}`, { unixsocket }];
};
const [place, config] = socketed("redis.sock");
let redis: RedisServer;
let one: Machine;
let two: Machine;
beforeAll(async () => {
  if (!redisInstalled) return;
  redis = await RedisServer.start(config);
  [one, two] = await Promise.all([Machine.start(place, { env }), Machine.start(place, { env })]);
});
afterEach(async () => {
  if (redisInstalled) redis.proceed();
});
afterAll(async () => {
  await one?.[Symbol.asyncDispose]();
  await two?.[Symbol.asyncDispose]();
  await redis?.stop();
  rmSync(directory, { recursive: true });
});
const clustered = test.skipIf(!redisInstalled);

const member = (machine: Machine): Promise<Client> => Client.open(`${machine.client.url}/chat?room_id=lobby`);
const list = async (client: Client): Promise<string[]> => JSON.parse(String(await client.ask("/list")));
async function sized(client: Client, size: number): Promise<void> {
  const end = Date.now() + 8000;
  while ((await list(client)).length !== size) {
    if (Date.now() > end) throw new Error(`the list is ${await list(client)}, not ${size}`);
    await Bun.sleep(20);
  }
}

/** Says something until it is heard: from then on nothing is lost any more. */
async function hears(worker: Worker, speaker: Worker): Promise<void> {
  for (let at = 0; ; at++) {
    if (at > 400) throw new Error("nothing was heard in 8 s");
    await speaker.do("news", "again");
    if ((await worker.do<unknown[][]>("seen")).some(([first]) => first === "again")) break;
    await Bun.sleep(20);
  }
}

/** All that both machines do by themselves while they do not reach each other. */
async function goOn(): Promise<{ time: number }> {
  const all = workersOf(one, two);
  const before = await one.first.do<number>("call", "getgs", "hits");
  await Promise.all(all.map((worker) => worker.do("count", "hits", 1000)));
  for (const machine of [one, two]) await settle(machine.workers, before + 2000, "call", "getgs", "hits");
  for (const worker of one.workers) await worker.do("seen");
  await one.first.do("news", "local");
  await eventually(async () => (await one.workers[1]!.do<unknown[][]>("seen")).length > 0);
  const time = await one.first.do<number>("call", "setlu", "pets");
  return { time };
}

async function healed(before: number, time: number): Promise<void> {
  const all = workersOf(one, two);
  await settle(all, before + 4000, "call", "getgs", "hits");
  for (const worker of two.workers)
    await eventually(async () => (await worker.do<number>("call", "getlu", "pets")) >= time);
  await hears(two.first, one.first);
  await hears(one.first, two.first);
  const fence = await one.first.do<number>("acquire", "after", 5);
  await one.first.do("release", "after");
  expect(await two.first.do<number>("acquire", "after", 5)).toBeGreaterThan(fence);
  await two.first.do("release", "after");
}

clustered(
  "[H5] Redis says nothing for 3 seconds: each machine goes on, and all is well again (needs redis-server)",
  async () => {
    const before = await one.first.do<number>("call", "getgs", "hits");
    using hans = await member(one);
    using eva = await member(two);
    await sized(hans, 2);
    redis.freeze();
    const over = Bun.sleep(3000);
    const { time } = await goOn();
    await over;
    redis.proceed();
    await healed(before, time);
    await sized(hans, 2);
    await sized(eva, 2);
  },
);

clustered("[H5] Redis is gone and comes back: who came and went meanwhile is known to all", async () => {
  const before = await one.first.do<number>("call", "getgs", "hits");
  using hans = await member(one);
  using eva = await member(two);
  using leaving = await member(two);
  await sized(hans, 3);
  await redis.halt("SIGKILL");
  const { time } = await goOn();
  leaving.socket.close();
  using coming = await member(one);
  await sized(eva, 1);
  await sized(coming, 2);
  await redis.up();
  await healed(before, time);
  for (const each of [hans, eva, coming]) await sized(each, 3);
});

clustered("[H5] what Redis has lost it gets back from the machines", async () => {
  const all = workersOf(one, two);
  await one.first.do("call", "setgs", "level", 7);
  await settle(all, 7, "call", "getgs", "level");
  await one.first.do("redis", "flushall");
  await Promise.all(all.map((worker) => worker.do("call", "incgs", "level")));
  await settle(all, 11, "call", "getgs", "level");
  await eventually(async () => (await one.first.do("redis", "exists", "test:values")) === 1);
  await Promise.all(all.map((worker) => worker.do("call", "incgs", "level")));
  await settle(all, 15, "call", "getgs", "level");
});

clustered("[H5] a service that starts without Redis serves, says so, and joins when it can", async () => {
  const [laterPlace, laterConfig] = socketed("later.sock");
  await using later = await RedisServer.down(laterConfig);
  const alone = { env: { ...env, PREFIX: "later" } };
  await using first = await Machine.start(laterPlace, alone);
  await eventually(() => first.client.output.includes("@redis does not answer"));
  await first.first.do("count", "hits", 5);
  await later.up();
  await using second = await Machine.start(laterPlace, alone);
  await settle(workersOf(first, second), 5, "call", "getgs", "hits");
});
