import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { testClient } from "../../src/testing/index.ts";
import { install, openDirectory, skitai } from "../cli/support.ts";
import { ferretdb, MongoServer } from "../support/mongodb.ts";
import { redisInstalled, RedisServer } from "../support/redis.ts";

const directory = openDirectory();
const binary = await ferretdb();
afterAll(() => rmSync(directory, { recursive: true }));

const source = (redis: string, mongodb: string): string => `import * as skitai from "skitai";
  const { was } = skitai;
  const cache = skitai.alias("@cache", skitai.DB_REDIS, "${redis}/2");
  const docs = skitai.alias("@docs", skitai.DB_MONGODB, "${mongodb}/db/pets");
  skitai.mount("/redis", async () => Response.json([
    await was.redis(cache).set("k", "v"), await was.db(cache).get("k"), await was.redis(cache).multi([["incr", "n"]]),
    (await was.redis(cache).lpush("k", "x").dispatch()).reason.includes("WRONGTYPE"),
  ]));
  skitai.mount("/mongodb", async () => {
    await was.mongodb(docs).insertOne({ name: "Ann" });
    return Response.json(await was.db(docs).find({}, { projection: { _id: 0 } }));
  });
  if (import.meta.main) await skitai.run({ name: "stores", workers: 1 });`;

test.skipIf(!redisInstalled)(
  "[D5] [D6] an executable has the drivers in it (needs redis-server)",
  async () => {
    await using redis = await RedisServer.start();
    await using mongodb = binary === undefined ? undefined : await MongoServer.start(binary);
    const app = join(directory, "app");
    mkdirSync(app);
    install(app);
    await Bun.write(join(app, "serve.ts"), source(redis.place, mongodb?.place ?? "127.0.0.1:1"));
    const { exitCode, stderr } = await skitai(["build", "serve.ts", "--outfile", "../compiled"], app);
    expect([exitCode, exitCode === 0 ? "" : stderr]).toEqual([0, ""]);
    rmSync(app, { recursive: true });
    await using client = await testClient(join(directory, "compiled"));
    expect((await client.get<unknown>("/redis")).data).toEqual(["OK", "v", [1], true]);
    if (mongodb !== undefined)
      expect((await client.get<unknown>("/mongodb")).data).toEqual([{ name: "Ann" }]);
  },
  60_000,
);
