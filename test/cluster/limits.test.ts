import { expect, setDefaultTimeout, test } from "bun:test";
import { RedisServer, redisInstalled } from "../support/redis.ts";
import type { TestClient } from "../../src/testing/index.ts";
import { Machine } from "./support.ts";

// On a busy machine starts take their time.
setDefaultTimeout(30_000);

const clustered = test.skipIf(!redisInstalled);

async function statuses(client: TestClient, count: number, user: string): Promise<number[]> {
  const headers = { authorization: `Bearer ${user}`, connection: "close" };
  const ask = async () => (await client.get("/limited/x", { headers })).status;
  return Promise.all(Array.from({ length: count }, ask));
}
const passed = (all: number[]): number => all.filter((status) => status === 200).length;

clustered(
  "[G3] [H5] two machines count together, and each by itself while Redis is away (needs redis-server)",
  async () => {
    await using redis = await RedisServer.start();
    await using upstream = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("up") });
    const env = { LIMIT: "20", UPSTREAM: `127.0.0.1:${upstream.port}` };
    await using one = await Machine.start(redis.place, { env });
    await using two = await Machine.start(redis.place, { env });
    const all = await Promise.all([one, two].map(({ client }) => statuses(client, 30, "hans")));
    expect(passed(all.flat())).toBe(20);
    expect(all.flat().filter((status) => status === 429).length).toBe(40);
    await redis.halt("SIGKILL");
    for (const { client } of [one, two]) expect(passed(await statuses(client, 30, "hans"))).toBe(20);
  },
);
