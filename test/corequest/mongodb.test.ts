import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Document, ObjectId } from "mongodb";
import { type AliasName, type AliasOptions, aliasDeclaration } from "../../src/config/alias-options.ts";
import { closeConnections } from "../../src/corequest/connections.ts";
import type { CorequestError } from "../../src/corequest/errors.ts";
import { mongoKey } from "../../src/corequest/mongo-call.ts";
import { mongodb, type OneMongoDatabase } from "../../src/corequest/mongodb.ts";
import { STA_NETERR, STA_NORMAL, STA_REQFAIL, STA_TIMEOUT, STA_UNSENT } from "../../src/corequest/status.ts";
import type { SkitaiError } from "../../src/errors.ts";
import { installAlias } from "../../src/upstream/clusters.ts";
import { was } from "../../src/was.ts";
import { ferretdb, MongoServer } from "../support/mongodb.ts";

interface Pet {
  _id: number;
  name: string;
  kind?: string;
  age?: number;
}

const binary = await ferretdb();
let serial = 0;
let server: MongoServer;

function alias(members: string | string[], options: AliasOptions = {}): `@${string}` {
  const name = `@mongo-${++serial}` as const;
  installAlias(aliasDeclaration(name, "mongodb", members, options));
  return name;
}

/** A database of its own for each test. */
const fresh = (options?: AliasOptions): OneMongoDatabase =>
  mongodb(alias(`${server.place}/db${serial + 1}/pets`, options));

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

const pets: Pet[] = [
  { _id: 1, name: "Ann", kind: "cat", age: 3 },
  { _id: 2, name: "Bob", kind: "dog", age: 5 },
  { _id: 3, name: "Cleo", kind: "cat", age: 7 },
];

test("[D6] what makes operations equal: types that JSON does not know are told apart", () => {
  const id = new ObjectId();
  const filters = [
    { a: id },
    { a: id.toHexString() },
    { a: new Date(0) },
    { a: new Date(0).toISOString() },
    { a: /x/ },
    { a: /x/i },
    { a: {} },
    { a: 1n },
    { a: 1 },
    { a: "1" },
  ];
  expect(new Set(filters.map((filter) => mongoKey(["pets", "find", filter]))).size).toBe(filters.length);
  expect(mongoKey([{ a: new ObjectId(id.toHexString()) }])).toBe(mongoKey([{ a: id }]));
});

test("[D6] an alias must name a database; a server that is down is unsent", async () => {
  expect(thrownBy(() => mongodb(alias("127.0.0.1:1"))).message).toContain("host:27017/petstore");
  expect(thrownBy(() => mongodb("@mongo-none")).code).toBe("ALIAS_UNKNOWN");
  installAlias(aliasDeclaration("@mongo-redis", "redis", "127.0.0.1:1", {}));
  expect(thrownBy(() => mongodb("@mongo-redis" as never)).code).toBe("ALIAS_TYPE");
  const down = mongodb(alias("127.0.0.1:1/db"));
  expect(thrownBy(() => down.find({})).code).toBe("QUERY_INVALID");
  const result = await down.collection("pets").findOne({}).dispatch();
  expect([result.status, result.statusCode]).toEqual([STA_UNSENT, 714]);
  expect(result.error!.message).toContain("127.0.0.1:1");
});

test("[D6] nothing of the driver is loaded before the first call", async () => {
  const source = (path: string): string => JSON.stringify(`${import.meta.dir}/../../src/${path}`);
  const script = `import { mongodb } from ${source("corequest/mongodb.ts")};
    import { installAlias } from ${source("upstream/clusters.ts")};
    import { aliasDeclaration } from ${source("config/alias-options.ts")};
    const loaded = () => Object.keys(require.cache).some((path) => path.includes("/mongodb/lib/"));
    installAlias(aliasDeclaration("@m", "mongodb", "127.0.0.1:1/db/pets", {}));
    const pets = mongodb("@m");
    const before = loaded();
    await pets.findOne({}).dispatch();
    console.log(before, loaded());
    process.exit(0);`;
  const run = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  expect((await run.stdout.text()).trim()).toBe("false true");
});

describe.skipIf(binary === undefined)("[D6] MongoDB (needs Go and the FerretDB module)", () => {
  beforeAll(async () => {
    server = await MongoServer.start(binary!);
  });
  afterAll(async () => {
    await closeConnections();
    await server.stop();
  });

  test("[D6] documents are written, found, changed and removed", async () => {
    const db = fresh();
    const c = db.collection<Pet>("pets");
    expect(await c.insertOne(pets[0]!)).toEqual({ acknowledged: true, insertedId: 1 });
    expect((await c.insertMany(pets.slice(1))).insertedCount).toBe(2);
    const cats: Pet[] = await c.find({ kind: "cat" }, { sort: { _id: -1 } });
    expect(cats.map(({ name }) => name)).toEqual(["Cleo", "Ann"]);
    const bob = await c.findOne({ _id: 2 }, { projection: { name: 1 } });
    expect(bob).toEqual({ _id: 2, name: "Bob" });
    expect(await c.findOne({ _id: 9 })).toBeNull();
    expect((await c.updateOne({ _id: 2 }, { $set: { age: 6 } })).modifiedCount).toBe(1);
    expect((await c.updateMany({ kind: "cat" }, { $inc: { age: 1 } })).modifiedCount).toBe(2);
    expect((await c.replaceOne({ _id: 3 }, { name: "Cleopatra" })).modifiedCount).toBe(1);
    expect(await c.findOneAndUpdate({ _id: 1 }, { $set: { age: 9 } }, { returnDocument: "after" })).toEqual({
      ...pets[0]!,
      age: 9,
    });
    expect(await c.countDocuments()).toBe(3);
    expect((await c.distinct("kind")).toSorted()).toEqual(["cat", "dog"]);
    expect(
      await c.aggregate([{ $match: { age: { $gt: 1 } } }, { $group: { _id: null, sum: { $sum: "$age" } } }]),
    ).toEqual([{ _id: null, sum: 15 }]);
    const bulk = await c.bulkWrite([
      { insertOne: { document: { _id: 4, name: "Dan" } } },
      { deleteOne: { filter: { _id: 3 } } },
    ]);
    expect([bulk.insertedCount, bulk.deletedCount]).toEqual([1, 1]);
    expect((await c.findOneAndDelete({ _id: 4 }))?.name).toBe("Dan");
    expect((await c.deleteOne({ _id: 1 })).deletedCount).toBe(1);
    expect((await c.deleteMany({})).deletedCount).toBe(1);
    expect(await c.find()).toEqual([]);
  });

  test("[D6] the collection that the member names needs no other word; one() is the only document", async () => {
    const db = fresh();
    await db.insertMany(pets.map((pet) => ({ ...pet })) as Document[] as never);
    expect((await db.find({ kind: "cat" })).length).toBe(2);
    expect(await db.find({ _id: 2 } as never).one()).toEqual(pets[1]! as never);
    expect((await errorOf(db.find({ kind: "cat" }).one())).status).toBe(410);
    expect(await db.collection<Pet>("pets").findOne({ _id: 1 }).one()).toEqual(pets[0]!);
  });

  test("[D6] dates, bytes, ids and nesting come back as they are", async () => {
    const c = fresh().collection<Document>("kinds");
    const document = {
      _id: new ObjectId(),
      when: new Date("2026-01-31T12:00:00Z"),
      deep: { list: [1, 2.5, "x", null, true, { a: [] }] },
      text: "grüße 🐾 \0",
    };
    await c.insertOne(document);
    expect(await c.findOne({ _id: document._id })).toEqual(document);
  });

  test("[D6] a key that exists: 409 of one(), also in a bulk; an index that is made refuses as well", async () => {
    const c = fresh().collection<Pet>("pets");
    await c.insertOne(pets[0]!);
    const task = c.insertOne(pets[0]!);
    const result = await task.dispatch();
    expect([result.status, result.statusCode]).toEqual([STA_NORMAL, 409]);
    const error = await errorOf(task);
    expect(error).toMatchObject({ name: "MongoError", serverCode: 11000, status: 409, member: server.place });
    expect(await errorOf(task.one())).toMatchObject({ code: "RESULT_DUPLICATE", status: 409 });
    expect((await c.insertMany(pets).dispatch()).statusCode).toBe(409);
    expect(await c.createIndex({ name: 1 }, { unique: true })).toBe("name_1");
    expect((await c.insertOne({ _id: 8, name: "Ann" }).dispatch()).statusCode).toBe(409);
    await c.dropIndex("name_1").commit();
    expect((await c.insertOne({ _id: 8, name: "Ann" }).dispatch()).ok).toBe(true);
  });

  test("[D6] what the server or the driver refuses is 500 or a failed call, never a retry", async () => {
    const c = fresh().collection<Pet>("pets");
    await c.insertOne(pets[0]!);
    const bad = await c.find({ $nonsense: 1 } as never).dispatch();
    expect([bad.status, bad.statusCode]).toEqual([STA_NORMAL, 500]);
    expect(bad.error!.message).toContain("pets.find: unknown top level operator");
    const wrong = await c.updateOne({ _id: 1 }, { name: "x" } as never).dispatch();
    expect([wrong.status, wrong.statusCode]).toEqual([STA_REQFAIL, 731]);
    expect(wrong.error!.message).toContain("atomic operators");
    for (const method of ["deleteMany", "updateMany", "findOneAndDelete"] as const)
      expect(thrownBy(() => c[method](undefined as never, {})).code).toBe("QUERY_INVALID");
    expect(await c.countDocuments()).toBe(1);
  });

  test("[D6] a find gives so many documents and bytes, and no more", async () => {
    const c = fresh().collection<Document>("many");
    await c.insertMany(Array.from({ length: 500 }, (_, index) => ({ index, text: "x".repeat(1000) })));
    expect((await c.find()).length).toBe(500);
    expect((await c.find({}, { limit: 7 })).length).toBe(7);
    const documents = await c.find({}, { maxDocuments: 499 }).dispatch();
    expect([documents.status, documents.error!.message]).toEqual([
      STA_REQFAIL,
      expect.stringContaining("at most 499 documents"),
    ]);
    expect((await errorOf(c.aggregate([], { maxDocuments: 400 }))).message).toContain("maxDocuments");
    expect((await errorOf(c.find({}, { maxBytes: 100_000 }))).message).toContain("at most 100000 bytes");
    expect((await c.find({}, { maxBytes: 1_000_000 })).length).toBe(500);
  });

  test("[D6] more tasks at once than connections: all are answered", async () => {
    const db = fresh({ pool: 3 });
    const c = db.collection<Pet>("pets");
    await c.insertMany(pets);
    const found = await Promise.all(
      Array.from({ length: 200 }, (_, index) => c.findOne({ _id: (index % 3) + 1 })),
    );
    expect(found.every((pet, index) => pet?._id === (index % 3) + 1)).toBe(true);
    expect((await db.raw()).options.maxPoolSize).toBe(3);
  });

  test("[D6] one of two members is down: the other answers; map says which", async () => {
    await using down = await MongoServer.down(binary!);
    const name = alias([`${down.place}/lb/pets`, `${server.place}/lb/pets`]);
    await mongodb(alias(`${server.place}/lb`))
      .collection<Pet>("pets")
      .insertOne(pets[0]!);
    expect(await mongodb.lb(name).collection<Pet>("pets").findOne({ _id: 1 })).toEqual(pets[0]!);
    const results = await mongodb.map(name).countDocuments().dispatch();
    expect(results.map(({ statusCode }) => statusCode)).toEqual([714, 200]);
  });

  test("[D6] a restart while idle: the next call succeeds, a read and a write", async () => {
    await using own = await MongoServer.start(binary!);
    const c = mongodb(alias(`${own.place}/db`)).collection<Pet>("pets");
    await c.insertOne(pets[0]!);
    await own.restart();
    expect(await c.findOne({ _id: 1 })).toEqual(pets[0]!);
    await own.restart();
    expect((await c.insertOne(pets[1]!)).insertedId).toBe(2);
  });

  test("[D6] killed while it writes: 700, and not sent again", async () => {
    await using own = await MongoServer.start(binary!);
    const c = mongodb(alias(`${own.place}/db`)).collection<Pet>("pets");
    await c.insertOne(pets[0]!);
    own.freeze();
    const write = c.insertOne(pets[1]!);
    // It waits in the socket of a server that is stopped when it dies.
    await Bun.sleep(100);
    await own.halt();
    const result = await write.dispatch();
    expect([result.status, result.statusCode]).toEqual([STA_NETERR, 700]);
    await own.up();
    expect(await c.countDocuments()).toBe(1);
  });

  test("[D6] a silent server: calls end in time, and it is back when it speaks", async () => {
    await using own = await MongoServer.start(binary!);
    const name = alias(`${own.place}/db/pets`);
    await mongodb(name).find({});
    own.freeze();
    const results = await Promise.all([
      mongodb(name, { timeout: 0.5 }).find({}).dispatch(),
      mongodb(name, { timeout: 0.5 }).insertOne({}).dispatch(),
    ]);
    expect(results.map(({ status, statusCode }) => [status, statusCode])).toEqual([
      [STA_TIMEOUT, 702],
      [STA_TIMEOUT, 702],
    ]);
    own.proceed();
    expect(await mongodb(name).find({ none: true })).toEqual([]);
  });

  test("[D6] was.db and was.mongodb are the same for an alias of MongoDB", async () => {
    const name = alias(`${server.place}/both/pets`) as AliasName<"mongodb">;
    using db = was.db(name);
    await db.insertOne({ city: "New York" });
    expect(await was.mongodb(name).countDocuments({ city: "New York" })).toBe(1);
  });

  test("[D6] [Q6] a read is kept when asked for", async () => {
    const name = alias(`${server.place}/kept/pets`);
    const kept = mongodb(name, { useCache: true }).collection<Pet>("pets");
    await kept.insertOne(pets[0]!);
    expect(await kept.countDocuments({}).fetch({ cache: 60 })).toBe(1);
    await kept.insertOne(pets[1]!);
    expect(await kept.countDocuments({})).toBe(1);
    expect(await mongodb(name).countDocuments({})).toBe(2);
  });
});
