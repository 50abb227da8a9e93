import { expect, setDefaultTimeout, test } from "bun:test";
import { Declaration } from "../../src/config/declaration.ts";
import { RedisServer, redisInstalled } from "../support/redis.ts";
import { Machine } from "./support.ts";

// On a busy machine starts take their time.
setDefaultTimeout(30_000);

const messages = (say: (declaration: Declaration) => void): string[] => {
  const declaration = new Declaration([]);
  declaration.alias("@redis", "redis", "127.0.0.1:6379", {});
  declaration.alias("@two", "redis", ["127.0.0.1:6379", "127.0.0.1:6380"], {});
  declaration.alias("@nodes", "redis", "127.0.0.1:6379", { driver: { cluster: true } });
  declaration.alias("@web", "http", "127.0.0.1:80", {});
  say(declaration);
  declaration.close();
  return declaration.errors.map(({ code, message }) => `${code} ${message}`);
};

test("[H5] enableCluster says what is wrong with it", () => {
  const cases: [unknown, unknown, string][] = [
    ["@rediss", {}, 'ALIAS_UNKNOWN enableCluster: "@rediss" is not accepted'],
    ["@web", {}, 'ALIAS_TYPE enableCluster("@web"): "http" is not accepted; accepted: redis'],
    ["@two", {}, 'ALIAS_INVALID enableCluster("@two"): 2 is not accepted; accepted: an alias of one member'],
    ["@nodes", {}, 'ALIAS_INVALID enableCluster("@nodes"): one server of Redis'],
    [7, {}, "OPTION_INVALID enableCluster: 7 is not accepted"],
    ["@redis", null, 'OPTION_INVALID enableCluster("@redis"): null is not accepted'],
    ["@redis", { prefix: "a b" }, 'OPTION_INVALID enableCluster: prefix: "a b" is not accepted'],
    ["@redis", { prefix: "" }, 'OPTION_INVALID enableCluster: prefix: "" is not accepted'],
    ["@redis", { ttl: "1ms" }, 'OPTION_INVALID enableCluster: ttl: "1ms" is not accepted'],
    ["@redis", { ttl: 301 }, "OPTION_INVALID enableCluster: ttl: 301 is not accepted"],
    ["@redis", { tll: 3 }, 'OPTION_UNKNOWN enableCluster: "tll" is not accepted'],
  ];
  for (const [alias, options, expected] of cases) {
    const found = messages((declaration) => declaration.enableCluster(alias as string, options as object));
    expect(found).toEqual([expect.stringContaining(expected)]);
  }
  expect(
    messages((declaration) => declaration.enableCluster("@redis", { prefix: "a:b", ttl: "1s" })),
  ).toEqual([]);
});

test("[H5] the alias may be declared behind it", () => {
  const declaration = new Declaration([]);
  declaration.enableCluster("@later");
  declaration.alias("@later", "redis", "127.0.0.1:6379", {});
  declaration.close();
  expect(declaration.errors).toEqual([]);
  expect(declaration.cluster).toEqual({ alias: "@later", prefix: undefined, ttl: 10_000 });
  expect(() => declaration.enableCluster("@later")).toThrow("only before run()");
});

test.skipIf(!redisInstalled)(
  "[H5] without enableCluster nothing of it is loaded (needs redis-server)",
  async () => {
    await using redis = await RedisServer.start();
    await using alone = await Machine.start("", { workers: 1 });
    await using clustered = await Machine.start(redis.place, { workers: 1 });
    expect(await alone.first.do("modules")).toEqual([]);
    expect((await clustered.first.do<string[]>("modules")).join()).toContain("ioredis");
    // Locks, events and states are those of the machine.
    expect(await alone.first.do("acquire", "own", 1)).toBe(null);
    expect(await alone.first.do("call", "incgs", "hits")).toBe(1);
  },
);
