import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { aliasDeclaration } from "../../src/config/alias-options.ts";
import { type Ask, method, type Send } from "../../src/corequest/http-calls.ts";
import { Result } from "../../src/corequest/result.ts";
import { ResultCache, resultCache } from "../../src/corequest/result-cache.ts";
import { processWords, registerNames } from "../../src/state/process.ts";
import { installAlias } from "../../src/upstream/clusters.ts";

const get = method<Ask>("GET");
const post = method<Send>("POST");
let asked = 0;
let gate: Promise<void> | undefined;
let server: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  registerNames(["cache.a", "cache.b"]);
  processWords();
  server = Bun.serve({
    port: 0,
    async fetch(request) {
      const number = ++asked;
      await gate;
      const status = new URL(request.url).searchParams.get("status");
      return Response.json(number, { status: Number(status ?? 200) });
    },
  });
  installAlias(aliasDeclaration("@cache", "http", `127.0.0.1:${server.port}`, {}));
});
afterAll(() => server.stop(true));

let paths = 0;
/** One that nothing is kept of. */
const path = (): string => `@cache/p${++paths}`;

describe("[Q6] results that are kept", () => {
  test("equal calls get them, until their time is over", async () => {
    const to = path();
    const first = await get(to).fetch({ cache: 0.1 });
    expect(await get(to)).toBe(first);
    await Bun.sleep(120);
    expect(await get(to)).not.toBe(first);
  });

  test("only when asked to keep, by dispatch or by the result", async () => {
    const to = path();
    const first = await get(to);
    const second = await get(to).dispatch();
    expect(second.data).not.toBe(first);
    second.cache(60);
    expect(await get(to)).toBe(second.data);
  });

  test("not those with other codes, unless cacheIf says so; never failures", async () => {
    const to = path();
    const created = `${to}?status=201`;
    const first = await get(created).fetch({ cache: 60 });
    expect(await get(created)).not.toBe(first);
    const kept = await get(created).fetch({ cache: 60, cacheIf: [200, 201] });
    expect(await get(created)).toBe(kept);
    const failed = await get(`${to}?status=500`).dispatch({ cache: 60, cacheIf: [500] });
    expect((await get(`${to}?status=500`).dispatch()).data).not.toBe(failed.data);
  });

  test("target, body and headers make calls different", async () => {
    const to = path();
    const kept = await post(to, { a: 1 }).fetch({ cache: 60 });
    expect(await post(to, { a: 1 })).toBe(kept);
    expect(await post(to, { a: 2 })).not.toBe(kept);
    expect(await get(to)).not.toBe(kept);
    expect(await post(to, { a: 1 }, { headers: { authorization: "Bearer other" } })).not.toBe(kept);
  });

  test("useCache: false, a time, and names that changed", async () => {
    const to = path();
    const kept = await get(to).fetch({ cache: 60 });
    expect(await get(to, undefined, { useCache: false })).not.toBe(kept);
    expect(await get(to, undefined, { useCache: Date.now() / 1000 - 10 })).toBe(kept);
    expect(await get(to, undefined, { useCache: "cache.a" })).toBe(kept);
    processWords().setlu("cache.a");
    expect(await get(to, undefined, { useCache: ["cache.a", "cache.b"] })).not.toBe(kept);
    expect(await get(to, undefined, { useCache: Date.now() / 1000 + 10 })).not.toBe(kept);
  });

  test("a change that comes while the call is under way makes its result old", async () => {
    const to = path();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const task = get(to, undefined, { useCache: "cache.b" });
    await Bun.sleep(2);
    processWords().setlu("cache.b");
    resolve();
    gate = undefined;
    const kept = await task.fetch({ cache: 60 });
    expect(await get(to, undefined, { useCache: "cache.b" })).not.toBe(kept);
  });

  test("rmCache says the change, before and after", async () => {
    const to = path();
    const before = processWords().getlu("cache.a");
    await post(to, {}, { rmCache: "cache.a" });
    expect(processWords().getlu("cache.a")).toBeGreaterThan(before);
    expect(() => post(to, {}, { rmCache: "unknown" })).toThrow(/unknown/);
  });
});

describe("[Q6] equal calls at the same time", () => {
  test("are one, when their result was kept before or a name is given", async () => {
    const to = path();
    await get(to).fetch({ cache: 0.01 });
    await Bun.sleep(15);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const before = asked;
    const all = Array.from({ length: 20 }, () => get(to).fetch({ cache: 60 }));
    resolve();
    gate = undefined;
    expect(new Set(await Promise.all(all)).size).toBe(1);
    expect(asked - before).toBe(1);
  });

  test("a follower may give up alone", async () => {
    const to = path();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const leader = get(to, undefined, { useCache: "cache.a" });
    const follower = get(to, undefined, { useCache: "cache.a" });
    expect((await follower.dispatch({ timeout: 0.02 })).statusCode).toBe(702);
    resolve();
    gate = undefined;
    expect((await leader.dispatch()).statusCode).toBe(200);
  });
});

describe("[Q6] bounds", () => {
  const keep = (cache: ResultCache, key: string, data: unknown): void =>
    cache.keep(key, new Result(data), Date.now(), 60);

  test("by entries: the one that was not used for longest goes", () => {
    const cache = new ResultCache(2, 1024 ** 2);
    keep(cache, "a", 1);
    keep(cache, "b", 2);
    cache.find("a", true);
    keep(cache, "c", 3);
    expect(["a", "b", "c"].map((key) => cache.find(key, true)?.data)).toEqual([1, undefined, 3]);
  });

  test("by bytes, and nothing that takes an eighth of all alone", () => {
    const cache = new ResultCache(1000, 80_000);
    for (let i = 0; i < 100; i++) keep(cache, `${i}`, "x".repeat(4000));
    expect(cache.size).toBeWithin(5, 11);
    keep(cache, "large", "x".repeat(6000));
    expect(cache.find("large", true)).toBeUndefined();
  });

  test("setMaxRcache keeps what there is room for", () => {
    const cache = new ResultCache(10, 1024 ** 2);
    for (let i = 0; i < 10; i++) keep(cache, `${i}`, i);
    cache.resize(3);
    expect([cache.size, cache.find("9", true)?.data]).toEqual([3, 9]);
    expect(resultCache.size).toBeGreaterThan(0);
  });
});
