import { join } from "node:path";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { Network, networksPossible } from "../support/networks.ts";
import { RedisServer, redisInstalled } from "../support/redis.ts";
import { Client } from "../websocket/support.ts";

// On a busy machine starts take their time.
setDefaultTimeout(60_000);
afterAll(() => Network.removeAll());

const script = join(import.meta.dir, "fixtures/service.ts");

async function act<Result>(client: TestClient, name: string, ...given: readonly unknown[]): Promise<Result> {
  const path = `/do/${name}?${encodeURIComponent(JSON.stringify(given))}`;
  const { data } = await client.get<{ result: Result; error?: string }>(path, {
    headers: { connection: "close" },
  });
  if (data.error !== undefined) throw new Error(data.error);
  return data.result;
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`not within 20 s: ${what}`);
    await Bun.sleep(20);
  }
}

const member = (client: TestClient): Promise<Client> => Client.open(`${client.url}/chat?room_id=lobby`);
const count = async (client: Client): Promise<number> =>
  (JSON.parse(String(await client.ask("/list"))) as string[]).length;
const level = (client: TestClient): Promise<number> => act<number>(client, "call", "getgs", "level");

test.skipIf(!networksPossible || !redisInstalled)(
  "[X3] [H5] two masters in two networks are one service, also after a cable was pulled (needs root, ip and redis-server)",
  async () => {
    using left = new Network(1);
    using right = new Network(2);
    await using redis = await RedisServer.start({
      bind: ["127.0.0.1", left.outside, right.outside].join(" "),
      "protected-mode": "no",
    });
    const start = (network: Network): Promise<TestClient> =>
      testClient(network.program(script), undefined, {
        host: network.inside,
        workers: 2,
        env: { REDIS: `${network.outside}:${redis.port}`, TTL: "2s" },
      });
    await using one = await start(left);
    await using two = await start(right);
    using hans = await member(one);
    using eva = await member(two);
    await until("both are in the list", async () => (await count(hans)) === 2 && (await count(eva)) === 2);
    hans.send("hello");
    expect(String(await eva.next())).toBe("hello");
    await act(one, "call", "incgs", "level", 5);
    await until("the sum is there", async () => (await level(two)) === 5);
    const fence = await act<number>(one, "acquire", "cable", 5);

    left.unplug();
    // Without a word: the machine is gone when its time is over, with its lock and its clients.
    const next = await act<number>(two, "acquire", "cable", 15);
    expect(next).toBeGreaterThan(fence);
    await until("one is left", async () => (await count(eva)) === 1);
    await act(two, "call", "incgs", "level", 3);

    left.plug();
    await until("the sum is there", async () => (await level(one)) === 8);
    expect(String(await hans.next())).toBe("hello");
    // One of its two workers has it.
    const told = () => act<string | null>(one, "lost", "cable").catch(() => null);
    await until("the holder is told", async () => (await told())?.startsWith('getLock("cable"): ') === true);
    await until("both are back", async () => (await count(hans)) === 2 && (await count(eva)) === 2);
  },
);
