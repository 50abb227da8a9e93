import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { type AliasName, type AliasOptions, aliasDeclaration } from "../../src/config/alias-options.ts";
import { closeConnections } from "../../src/corequest/connections.ts";
import { CorequestError } from "../../src/corequest/errors.ts";
import { type OneRedis, redis } from "../../src/corequest/redis.ts";
import { redisCommands } from "../../src/corequest/redis-commands.ts";
import { STA_NETERR, STA_NORMAL, STA_TIMEOUT, STA_UNSENT } from "../../src/corequest/status.ts";
import { SkitaiError } from "../../src/errors.ts";
import { installAlias } from "../../src/upstream/clusters.ts";
import { was } from "../../src/was.ts";
import { Authority } from "../tls/support.ts";
import { redisInstalled, RedisServer } from "../support/redis.ts";

let serial = 0;
let server: RedisServer;

function alias(members: string | string[], options: AliasOptions = {}): `@${string}` {
  const name = `@redis-${++serial}` as const;
  installAlias(aliasDeclaration(name, "redis", members, options));
  return name;
}

const client = (members: string | string[], options?: AliasOptions): OneRedis =>
  redis(alias(members, options));

const errorOf = async (promise: PromiseLike<unknown>): Promise<CorequestError> => {
  try {
    await promise;
  } catch (error) {
    return error as CorequestError;
  }
  throw new Error("it was to fail");
};

const thrownBy = (call: () => unknown): SkitaiError => {
  try {
    call();
  } catch (error) {
    return error as SkitaiError;
  }
  throw new Error("it was to throw");
};

/** Resolves when the server has taken note, asked over a connection of its own. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await Bun.sleep(10);
}

describe.skipIf(!redisInstalled)("[D5] Redis (needs redis-server)", () => {
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    await closeConnections();
    await server.stop();
  });

  test("[D5] nothing of ioredis is loaded before the first call", async () => {
    const script = `import { redis } from ${JSON.stringify(`${import.meta.dir}/../../src/corequest/redis.ts`)};
      import { installAlias } from ${JSON.stringify(`${import.meta.dir}/../../src/upstream/clusters.ts`)};
      import { aliasDeclaration } from ${JSON.stringify(`${import.meta.dir}/../../src/config/alias-options.ts`)};
      const loaded = () => Object.keys(require.cache).some((path) => path.includes("/ioredis/"));
      installAlias(aliasDeclaration("@c", "redis", "${server.place}", {}));
      const c = redis("@c");
      const before = loaded();
      await c.ping();
      console.log(before, loaded());
      process.exit(0);`;
    const run = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
    expect((await run.stdout.text()).trim()).toBe("false true");
  });

  test("[D5] every command that ioredis knows is a method, and what the server calls reading is idempotent", async () => {
    const raw = new Redis({ port: server.port });
    const names = raw.getBuiltinCommands();
    const handle = client(server.place) as unknown as Record<string, unknown>;
    expect(names.filter((name) => typeof handle[name] !== "function")).toEqual([]);
    expect(names.filter((name) => typeof handle[`${name}Buffer`] !== "function" && name !== "multi")).toEqual(
      [],
    );
    const info = (await raw.call("command")) as [name: string, arity: number, flags: string[]][];
    const wrong = info.filter(
      ([name, , flags]) => redisCommands.get(name)?.reads === true && flags.includes("write"),
    );
    const missed = info.filter(
      ([name, , flags]) => flags.includes("readonly") && redisCommands.get(name)?.reads === false,
    );
    const blocking = info.filter(
      ([name, , flags]) => flags.includes("blocking") && redisCommands.get(name)?.refused === undefined,
    );
    expect([wrong, missed].map((each) => each.map(([name]) => name))).toEqual([[], []]);
    expect(blocking.map(([name]) => name).toSorted()).toEqual(["xread", "xreadgroup"]);
    raw.disconnect();
  });

  describe("[D5] values", () => {
    test("[D5] strings, numbers, bytes, nothing", async () => {
      const c = client(server.place);
      const set: "OK" = await c.set("s:text", "grüße 🐾\r\n\0");
      expect(set).toBe("OK");
      const text: string | null = await c.get("s:text");
      expect(text).toBe("grüße 🐾\r\n\0");
      expect(await c.get("s:none")).toBeNull();
      expect(await c.incrby("s:count", 41).fetch()).toBe(41);
      const bytes = Buffer.from([0, 255, 13, 10, 128]);
      await c.set("s:bytes", bytes);
      expect(await c.getBuffer("s:bytes")).toEqual(bytes);
      expect(await c.mget("s:count", "s:none")).toEqual(["41", null]);
      expect(await c.set("s:count", "x", "NX")).toBeNull();
    });

    test("[D5] hashes, lists, sets, sorted sets, streams, scripts", async () => {
      const c = client(server.place);
      expect(await c.hset("h", { name: "Ann", age: 7 })).toBe(2);
      expect(await c.hgetall("h")).toEqual({ name: "Ann", age: "7" });
      await c.rpush("l", "a", "b", "c");
      expect(await c.lrange("l", 0, -1)).toEqual(["a", "b", "c"]);
      await c.sadd("set", "a", "b");
      expect((await c.smembers("set")).toSorted()).toEqual(["a", "b"]);
      await c.zadd("z", 1, "one", 2.5, "two");
      expect(await c.zrange("z", 0, "-1", "WITHSCORES")).toEqual(["one", "1", "two", "2.5"]);
      const id = await c.xadd("x", "*", "kind", "cat");
      expect(await c.xrange("x", "-", "+")).toEqual([[id!, ["kind", "cat"]]]);
      expect(await c.xread("COUNT", 1, "STREAMS", "x", "0")).toEqual([["x", [[id!, ["kind", "cat"]]]]]);
      expect(await c.eval("return {KEYS[1], ARGV[1], 3}", 1, "k", "v")).toEqual(["k", "v", 3]);
      expect(await c.call("OBJECT", "ENCODING", "z")).toBe("listpack");
      expect(await c.call("HGETALL", "h")).toEqual({ name: "Ann", age: "7" });
    });

    test("[D5] a megabyte, and ten thousand members, both ways", async () => {
      const c = client(server.place);
      const big = "x".repeat(2 ** 20);
      await c.set("big", big);
      expect(await c.get("big")).toBe(big);
      const many = Array.from({ length: 10_000 }, (_, index) => `m${index}`);
      expect(await c.sadd("many", ...many)).toBe(10_000);
      expect(new Set(await c.smembers("many")).size).toBe(10_000);
    });

    test("[D5] the member's password and database; a path; keyPrefix", async () => {
      await using locked = await RedisServer.start({ requirepass: "p@ss/word" });
      const c = client(`:${encodeURIComponent("p@ss/word")}@${locked.place}/3`);
      await c.set("where", "three");
      expect(await client(`:${encodeURIComponent("p@ss/word")}@${locked.place}/0`).get("where")).toBeNull();
      expect(await c.call("CONFIG", "GET", "port")).toEqual(["port", `${locked.port}`]);
      const prefixed = client(server.place, { driver: { keyPrefix: "app:" } });
      await prefixed.set("k", "v");
      expect(await client(server.place).get("app:k")).toBe("v");
      const error = await errorOf(client(`${server.place}/pets`).get("k"));
      expect(error.message).toContain("host:6379/3");
    });
  });

  test("[D5] TLS: a certificate that is trusted, and one that is not", async () => {
    using authority = new Authority();
    await authority.make("ca", { names: ["localhost"] });
    await authority.make("redis", { names: ["localhost", "127.0.0.1"], by: "ca" });
    await using secure = await RedisServer.start((port) => ({
      port: 0,
      "tls-port": port,
      "tls-cert-file": authority.path("redis.crt"),
      "tls-key-file": authority.path("redis.key"),
      "tls-auth-clients": "no",
    }));
    const ca = await Bun.file(authority.path("ca.crt")).text();
    const c = client(secure.place, { ssl: { ca } });
    await c.set("k", "v");
    expect(await c.get("k")).toBe("v");
    const untrusted = await client(secure.place, { ssl: true }).get("k").dispatch();
    expect([untrusted.statusCode, untrusted.error!.message]).toEqual([
      714,
      expect.stringContaining("a certificate that is trusted"),
    ]);
    expect(await client(secure.place, { ssl: { rejectUnauthorized: false } }).get("k")).toBe("v");
  });

  test("[D5] calls of one turn go out together: far fewer packets than calls, replies to their own", async () => {
    const c = client(server.place);
    const keys = Array.from({ length: 1000 }, (_, index) => `p:${index}`);
    await Promise.all(keys.map((key) => c.set(key, key)));
    const reads = async (): Promise<number> =>
      Number(/total_reads_processed:(\d+)/.exec(await c.info("stats"))?.[1]);
    const before = await reads();
    expect(await Promise.all(keys.map((key) => c.get(key)))).toEqual(keys);
    expect((await reads()) - before).toBeLessThan(20);
  });

  test("[D5] bytes and text in one turn keep their order", async () => {
    const c = client(server.place);
    const mixed = [
      c.set("o", "1"),
      c.append("o", Buffer.from("2")),
      c.append("o", "ü"),
      c.append("o", Buffer.alloc(300_000, 51)),
      c.append("o", "4"),
    ];
    await Promise.all(mixed);
    expect(await c.get("o")).toBe(`12ü${"3".repeat(300_000)}4`);
  });

  describe("[D5] several commands", () => {
    test("[D5] MULTI gives replies in order, shaped as alone", async () => {
      const c = client(server.place);
      const replies = await c.multi([
        ["set", "t:a", 1],
        ["incr", "t:a"],
        ["hset", "t:h", "k", "v"],
        ["hgetall", "t:h"],
      ]);
      expect(replies).toEqual(["OK", 2, 1, { k: "v" }]);
    });

    test("[D5] a refusal in MULTI is thrown, and stands in its place; a bad command cancels all", async () => {
      const c = client(server.place);
      await c.set("t:text", "x");
      const task = c.multi([
        ["set", "t:done", 1],
        ["incr", "t:text"],
      ]);
      const result = await task.dispatch();
      expect([result.status, result.statusCode, (result.data[1] as Error).message]).toEqual([
        STA_NORMAL,
        500,
        expect.stringContaining("not an integer"),
      ]);
      expect((await errorOf(task)).message).toContain("not an integer");
      expect(await c.get("t:done")).toBe("1");
      const error = await errorOf(c.multi([["set", "t:undone", 1], ["nonsense"]]));
      expect(error.message).toContain("unknown command");
      expect(await c.get("t:undone")).toBeNull();
    });

    test("[D5] others' commands do not come between those of MULTI", async () => {
      const c = client(server.place);
      await c.del("n");
      const all = Array.from({ length: 100 }, () => [
        c.multi([
          ["incr", "n"],
          ["incr", "n"],
        ]),
        c.ping(),
      ]).flat();
      await Promise.all(all);
      const pairs = await Promise.all(all.filter((_, index) => index % 2 === 0));
      expect(pairs.every((pair) => Number(pair[1]) === Number(pair[0]) + 1)).toBe(true);
    });

    test("[D5] a pipeline goes on behind a refusal", async () => {
      const c = client(server.place);
      await c.set("t:p", "x");
      const { data, ok } = await c
        .pipeline([
          ["incr", "t:p"],
          ["get", "t:p"],
        ])
        .dispatch();
      expect([ok, data[1]]).toEqual([false, "x"]);
    });
  });

  describe("[D5] refused before it is sent", () => {
    test("[D5] commands that wait or change the shared connection", () => {
      const c = client(server.place) as OneRedis & Record<string, (...args: unknown[]) => unknown>;
      for (const name of [
        "blpop",
        "brpop",
        "subscribe",
        "psubscribe",
        "select",
        "watch",
        "exec",
        "quit",
        "client",
      ]) {
        const error = thrownBy(() => c[name]!("k", 0));
        expect([error.code, error.message]).toEqual([
          "QUERY_INVALID",
          expect.stringContaining("redis.raw()"),
        ]);
      }
      expect(thrownBy(() => c.xread("BLOCK", 0, "STREAMS", "x", "$")).message).toContain("redis.raw()");
      expect(thrownBy(() => c.call("bLpOp", "k", 0)).code).toBe("QUERY_INVALID");
      expect(thrownBy(() => c.multi([["blpop", "k", 0]])).code).toBe("QUERY_INVALID");
      expect(thrownBy(() => c.multi([])).code).toBe("QUERY_INVALID");
      expect(thrownBy(() => c.multi(["get"] as never)).code).toBe("QUERY_INVALID");
      expect(thrownBy(() => c.get("k", () => {})).message).toContain("no callback");
    });

    test("[D5] an alias that is not known, or another kind of alias", () => {
      expect(thrownBy(() => redis("@redis-none")).code).toBe("ALIAS_UNKNOWN");
      installAlias(aliasDeclaration("@redis-http", "http", "127.0.0.1:1", {}));
      expect(thrownBy(() => redis("@redis-http" as never)).code).toBe("ALIAS_TYPE");
    });
  });

  describe("[D5] errors", () => {
    test("[D5] what Redis refuses keeps its message, without the values of the call", async () => {
      const c = client(server.place);
      await c.set("e:text", "x");
      const task = c.hset("e:text", "field", "secret-value");
      const result = await task.dispatch();
      expect([result.status, result.statusCode, result.data]).toEqual([STA_NORMAL, 500, undefined as never]);
      const error = await errorOf(task);
      expect(error).toBeInstanceOf(CorequestError);
      expect(error.message).toContain("HSET: WRONGTYPE Operation against");
      expect([error.member, (error as unknown as { kind: string }).kind]).toEqual([
        server.place,
        "WRONGTYPE",
      ]);
      expect(Bun.inspect(error, { depth: 9 })).not.toContain("secret-value");
      expect((error.cause as { command?: unknown }).command).toBeUndefined();
    });

    test("[D5] a wrong password, and none", async () => {
      await using locked = await RedisServer.start({ requirepass: "right" });
      for (const [member, kind] of [
        [`:wrong@${locked.place}`, "WRONGPASS"],
        [locked.place, "NOAUTH"],
      ] as const) {
        const result = await client(member).get("k").dispatch();
        expect([result.status, result.statusCode]).toEqual([STA_NORMAL, 500]);
        expect(result.error!.message).toContain(kind);
      }
    });

    test("[D5] a server that is down: refused at once; up again, the next call succeeds", async () => {
      await using late = await RedisServer.down();
      const c = client(late.place);
      const result = await c.set("k", "v").dispatch();
      expect([result.status, result.statusCode]).toEqual([STA_UNSENT, 714]);
      expect(result.error!.message).toContain(late.place);
      await Promise.all(Array.from({ length: 20 }, () => errorOf(c.get("k"))));
      await late.up();
      expect(await c.set("k", "v")).toBe("OK");
    });

    test("[D5] a host name that is not known", async () => {
      const result = await client("no-such-host.invalid:6379").get("k").dispatch();
      expect([result.status, result.statusCode]).toEqual([STA_UNSENT, 704]);
    });

    test("[D5] one of two members is down: the other answers; map says which", async () => {
      await using down = await RedisServer.down();
      const name = alias([down.place, server.place]);
      await client(server.place).set("lb", "here");
      for (let round = 0; round < 5; round++) expect(await redis.lb(name).get("lb")).toBe("here");
      const results = await redis.map(name).get("lb").dispatch();
      expect(results.map(({ statusCode }) => statusCode)).toEqual([714, 200]);
      expect(results[1]!.data).toBe("here");
    });
  });

  describe("[D5] restarts", () => {
    test("[D5] while idle: the next call succeeds", async () => {
      await using own = await RedisServer.start();
      const c = client(own.place);
      await c.set("k", "v");
      await own.restart("SIGKILL");
      expect(await c.get("k")).toBe("v");
    });

    test("[D5] mid-command: a read goes to the other member, a write goes nowhere else", async () => {
      await using own = await RedisServer.start();
      const other = client(server.place);
      await other.set("n", 41);
      // By its weight the first is the least busy one for a long time.
      const c = client([`${own.place} 1000000`, server.place]);
      await c.set("n", 0);
      own.freeze();
      const write = c.incr("n");
      const read = c.get("n");
      // Both wait in the socket of a server that is stopped when it dies.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      await own.halt("SIGKILL");
      const failed = await write.dispatch();
      expect([failed.status, failed.statusCode]).toEqual([STA_NETERR, 700]);
      expect(await read).toBe("41");
      expect(await other.get("n")).toBe("41");
      await own.up();
      expect(await client(own.place).get("n")).toBe("0");
    });

    test("[D5] a silent server: calls end in time, its connection is given up, and it is back when it speaks", async () => {
      await using own = await RedisServer.start();
      const name = alias(own.place);
      const c = redis(name);
      await c.set("k", "v");
      own.freeze();
      const slow = redis(name, { timeout: 1.2 });
      const results = await Promise.all([slow.get("k").dispatch(), slow.set("k", "w").dispatch()]);
      expect(results.map(({ status, statusCode }) => [status, statusCode])).toEqual([
        [STA_TIMEOUT, 702],
        [STA_TIMEOUT, 702],
      ]);
      const later = redis(name, { timeout: 0.3 }).set("never", "sent");
      expect((await later.dispatch()).status).toBe(STA_TIMEOUT);
      own.proceed();
      expect(await c.ping()).toBe("PONG");
      expect(await c.get("never")).toBeNull();
    });
  });

  describe("[D5] raw()", () => {
    test("[D5] pub/sub survives a restart of the server", async () => {
      await using own = await RedisServer.start();
      const c = client(own.place);
      const raw = await c.raw();
      expect(await c.raw()).toBe(raw);
      const heard: string[] = [];
      let next = Promise.withResolvers<void>();
      raw.on("message", (_channel, text) => {
        heard.push(text);
        next.resolve();
      });
      await raw.subscribe("news");
      expect(await c.publish("news", "one")).toBe(1);
      await next.promise;
      next = Promise.withResolvers<void>();
      await own.restart("SIGKILL");
      await until(async () => (await c.publish("news", "two")) === 1);
      await next.promise;
      expect(heard).toEqual(["one", "two"]);
    });

    test("[D5] blocking commands and groups of streams", async () => {
      const c = client(server.place);
      const raw = await c.raw();
      const popped = raw.blpop("queue", 5);
      await c.rpush("queue", "job");
      expect(await popped).toEqual(["queue", "job"]);
      await c.xgroup("CREATE", "jobs", "workers", "$", "MKSTREAM");
      const read = raw.xreadgroup("GROUP", "workers", "me", "BLOCK", 5000, "STREAMS", "jobs", ">");
      const id = await c.xadd("jobs", "*", "n", "1");
      expect(await read).toEqual([["jobs", [[id!, ["n", "1"]]]]]);
      expect(await c.xack("jobs", "workers", id!)).toBe(1);
    });
  });

  test("[D5] Sentinel: the master that the sentinels name, and the one after it", async () => {
    await using master = await RedisServer.start();
    await using replica = await RedisServer.start({ replicaof: `127.0.0.1 ${master.port}` });
    await using sentinel = await RedisServer.start(
      {
        sentinel: [
          `monitor pets 127.0.0.1 ${master.port} 1`,
          "down-after-milliseconds pets 500",
          "failover-timeout pets 2000",
        ],
      },
      { sentinel: true },
    );
    const c = client(sentinel.place, {
      driver: { name: "pets", sentinels: [{ host: "127.0.0.1", port: sentinel.port }] },
      timeout: 5,
    });
    await c.set("k", "before");
    const watch = new Redis({ port: sentinel.port });
    await until(async () => ((await watch.call("sentinel", "replicas", "pets")) as unknown[]).length === 1);
    const second = client(replica.place);
    await until(async () => (await second.get("k")) === "before");
    await master.halt("SIGKILL");
    const next = async (): Promise<string> =>
      ((await watch.call("sentinel", "get-master-addr-by-name", "pets")) as string[])[1]!;
    await until(async () => (await next()) === `${replica.port}`);
    expect(await c.get("k")).toBe("before");
    expect(await c.set("k", "after")).toBe("OK");
    expect(await second.get("k")).toBe("after");
    watch.disconnect();
  }, 20_000);

  test("[D5] Cluster: commands go where their keys are; MULTI within one slot", async () => {
    const nodes = await Promise.all(
      [1, 2, 3].map(() => RedisServer.start({ "cluster-enabled": "yes", "cluster-node-timeout": 2000 })),
    );
    try {
      const create = ["--cluster", "create", ...nodes.map(({ place }) => place), "--cluster-yes"];
      const made = Bun.spawn(["redis-cli", ...create], { stdout: "pipe" });
      expect(await made.stdout.text()).toContain("All 16384 slots covered");
      for (const { place } of nodes) {
        const node = client(place);
        await until(async () => (await node.cluster("INFO")).includes("cluster_state:ok"));
      }
      const name = alias(
        nodes.map(({ place }) => place),
        { driver: { cluster: true } },
      );
      const c = redis(name);
      const keys = Array.from({ length: 100 }, (_, index) => `key:${index}`);
      await Promise.all(keys.map((key) => c.set(key, key)));
      expect(await Promise.all(keys.map((key) => c.get(key)))).toEqual(keys);
      const sizes = await Promise.all(nodes.map(({ place }) => client(place).dbsize()));
      expect([sizes.every((size) => size > 10), sizes.reduce((sum, size) => sum + size)]).toEqual([
        true,
        100,
      ]);
      expect(await c.hset("{a}h", { x: "1" })).toBe(1);
      expect(
        await c.multi([
          ["incr", "{a}n"],
          ["hgetall", "{a}h"],
        ]),
      ).toEqual([1, { x: "1" }]);
      expect(
        await c.pipeline([
          ["get", "key:1"],
          ["get", "key:2"],
        ]),
      ).toEqual(["key:1", "key:2"]);
      expect(await c.getBuffer("key:1")).toEqual(Buffer.from("key:1"));
      expect((await errorOf(c.hgetall("key:1"))).message).toContain("WRONGTYPE");
      await Promise.all(nodes.map((node) => node.halt("SIGKILL")));
      const down = await redis(name, { timeout: 5 }).set("k", "v").dispatch();
      expect(down.ok).toBe(false);
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
    }
  }, 20_000);

  test("[D5] was.db and was.redis are the same for an alias of Redis", async () => {
    const name = alias(server.place) as AliasName<"redis">;
    using db = was.db(name);
    await db.set("as-db", "x");
    expect(await was.redis(name).get("as-db")).toBe("x");
    expect(await was.db.map(name).get("as-db")).toEqual(["x"]);
    expect(await was.Tasks({ a: db.get("as-db"), b: db.strlen("as-db") }).dict()).toEqual({ a: "x", b: 1 });
    installAlias(aliasDeclaration("@redis-web", "http", "127.0.0.1:1", {}));
    expect(thrownBy(() => was.db("@redis-web")).code).toBe("ALIAS_TYPE");
  });

  test("[D5] [Q6] a read is kept when asked for, and over when its name changes", async () => {
    const name = alias(server.place);
    await redis(name).set("c", "1");
    const kept = redis(name, { useCache: true });
    expect(await kept.get("c").fetch({ cache: 60 })).toBe("1");
    await redis(name).set("c", "2");
    expect(await kept.get("c")).toBe("1");
    expect(await redis(name).get("c")).toBe("2");
    expect(await kept.getBuffer("c")).toEqual(Buffer.from("2"));
  });
});
