import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { RelayedAnswer } from "../../src/http/relay.ts";
import { Bench, got, isHit } from "./support.ts";

const fresh = { "cache-control": "max-age=60" };
const MB = 1024 * 1024;

/** Pieces that are made when they are asked for. */
function pieces(
  count: number,
  size: number,
  end?: Error,
): { stream: ReadableStream<Uint8Array>; made(): number } {
  let made = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (made < count) controller.enqueue(new Uint8Array(size).fill(made++));
        else if (end === undefined) controller.close();
        else controller.error(end);
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, made: () => made };
}

const answerWith = (body: RelayedAnswer["body"], length?: number): RelayedAnswer => ({
  status: 200,
  reason: "OK",
  fields: [["Cache-Control", "max-age=60"]],
  body,
  length,
});
const request = (path = "/"): { method: string; url: string; fields: [] } => ({
  method: "GET",
  url: `http://a.example${path}`,
  fields: [],
});

test("[C2] a hundred equal misses are one request to the upstream", async () => {
  const open = Promise.withResolvers<void>();
  await using bench = new Bench(async () => {
    await open.promise;
    return { fields: fresh, body: "one" };
  });
  const all = Array.from({ length: 100 }, () => bench.ask());
  while (bench.seen.length === 0) await Bun.sleep(1);
  open.resolve();
  const answers = await Promise.all(all);
  expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 100 }, () => "one"));
  expect(answers.filter(({ how }) => /fwd=uri-miss; ttl=\d+; collapsed$/.test(how)).length).toBe(99);
  expect(bench.seen.length).toBe(1);
});

test("[C2] when the answer is for one client only, the others go by themselves, and later ones do not wait", async () => {
  const open = Promise.withResolvers<void>();
  await using bench = new Bench(async (_, count) => {
    if (count === 1) await open.promise;
    return { fields: { "cache-control": "private" } };
  });
  const all = Array.from({ length: 10 }, () => bench.ask());
  while (bench.seen.length === 0) await Bun.sleep(1);
  open.resolve();
  expect(new Set((await Promise.all(all)).map(({ text }) => text)).size).toBe(10);
  expect(bench.seen.length).toBe(10);
});

test("[C2] nobody waits longer than allowed for a slow one, nor at all for one that failed", async () => {
  const never = Promise.withResolvers<void>();
  await using bench = new Bench(
    async (_, count) => {
      if (count === 1) await never.promise;
      return { fields: fresh };
    },
    { collapseTimeout: "100ms" },
  );
  const slow = bench.ask();
  while (bench.seen.length === 0) await Bun.sleep(1);
  expect((await bench.ask()).text).toBe("body 2");
  never.resolve();
  await slow;
  const fail = Promise.withResolvers<RelayedAnswer>();
  const first = bench.cache.answer(request("/f"), () => fail.promise);
  const others = [1, 2, 3].map(() =>
    bench.cache.answer(request("/f"), async () => answerWith(Buffer.from("b"))),
  );
  fail.reject(new Error("reset"));
  expect(async () => await first).toThrow("reset");
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

test("[C2] a client that does not read holds others up once, not for ever", async () => {
  await using bench = new Bench(() => ({}), { collapseTimeout: "100ms" });
  const stuck = await bench.cache.answer(request(), async () => answerWith(pieces(20, 10_000).stream));
  const second = await bench.cache.answer(request(), async () => answerWith(Buffer.from("second")));
  expect((await got(second)).text).toBe("second");
  const third = bench.cache.answer(request(), () => Promise.reject(new Error("asked again")));
  expect((await got(await third)).text).toBe("second");
  await (stuck.body as ReadableStream<Uint8Array>).cancel();
});

test("[C2] a request after a purge does not wait for what was fetched before it", async () => {
  const open = Promise.withResolvers<void>();
  await using bench = new Bench(async (_, count) => {
    if (count === 1) await open.promise;
    return { fields: fresh };
  });
  const before = bench.ask();
  while (bench.seen.length === 0) await Bun.sleep(1);
  bench.cache.purge({ url: bench.url() });
  expect((await bench.ask()).text).toBe("body 2");
  open.resolve();
  expect((await before).text).toBe("body 1");
  const after = await bench.ask();
  expect(after.text).not.toBe("body 1");
});

test("[C1] a body is passed on as it comes and as fast as it is read, and kept", async () => {
  await using bench = Bench.onDisk(() => ({}));
  const { stream, made } = pieces(60, 64 * 1024);
  const answer = await bench.cache.answer(request(), async () => answerWith(stream));
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  await Bun.sleep(20);
  // One given, perhaps one waiting.
  expect(made()).toBeWithin(1, 3);
  let total = 64 * 1024;
  for (let read = await reader.read(); !read.done; read = await reader.read()) total += read.value.length;
  const again = await bench.cache.answer(request(), () => Promise.reject(new Error("asked again")));
  const bytes = await new Response(again.body).bytes();
  expect([total, bytes.length, again.length]).toEqual([60 * 64 * 1024, total, total]);
  expect(bytes.every((byte, at) => byte === Math.floor(at / (64 * 1024)))).toBe(true);
  const part = await bench.cache.answer({ ...request(), fields: [["Range", "bytes=65535-65536"]] }, () =>
    Promise.reject(new Error("asked again")),
  );
  expect([part.status, ...(await new Response(part.body).bytes())]).toEqual([206, 0, 1]);
});

test("[C1] a body that breaks off is an error for the client and is not kept", async () => {
  await using bench = Bench.onDisk(() => ({}));
  const broken = [
    () => answerWith(pieces(10, 100_000, new Error("reset")).stream),
    () => answerWith(pieces(10, 100_000, new Error("reset")).stream, 2_000_000),
    () => answerWith(pieces(10, 100_000).stream, 1_000_001),
    () => answerWith(pieces(10, 100_000).stream, 999_999),
    () => answerWith(pieces(1, 10).stream, 11),
    () => answerWith(pieces(2, 10).stream, 11),
  ];
  for (const make of broken) {
    const read = async (): Promise<Uint8Array> =>
      new Response((await bench.cache.answer(request(), async () => make())).body).bytes();
    expect(read).toThrow();
  }
  await bench.cache.close();
  expect(bench.cache.stats()).toMatchObject({ entries: 0, disk: { entries: 0 } });
  expect(readdirSync(join(bench.directory, "v1", "tmp"))).toEqual([]);
});

test("[C1] a body over the limit is passed on and not kept", async () => {
  await using bench = Bench.onDisk(() => ({}), { maxEntry: "1mb" });
  for (const length of [undefined, 2 * MB]) {
    const answer = await bench.cache.answer(request(), async () =>
      answerWith(pieces(32, 65_536).stream, length),
    );
    expect((await new Response(answer.body).bytes()).length).toBe(2 * MB);
  }
  await bench.cache.close();
  expect(bench.cache.stats().disk.entries).toBe(0);
  expect(readdirSync(join(bench.directory, "v1", "tmp"))).toEqual([]);
});

test("[C1] a client that goes stops the fetch, unless others wait for it", async () => {
  await using bench = Bench.onDisk(() => ({}));
  const alone = pieces(100, 10_000);
  const first = await bench.cache.answer(request("/a"), async () => answerWith(alone.stream));
  await (first.body as ReadableStream<Uint8Array>).cancel();
  expect(alone.made()).toBeLessThan(3);
  const shared = pieces(100, 10_000);
  const second = await bench.cache.answer(request("/b"), async () => answerWith(shared.stream));
  const waiting = bench.cache.answer(request("/b"), () => Promise.reject(new Error("asked again")));
  await Bun.sleep(0);
  await (second.body as ReadableStream<Uint8Array>).cancel();
  expect((await new Response((await waiting).body).bytes()).length).toBe(1_000_000);
});

test("[C1] a client that goes while a read waits leaves nothing, whatever length was said", async () => {
  await using bench = Bench.onDisk(() => ({}));
  for (const before of [0, 10_000, 600_000]) {
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(before || 1)),
    });
    const answer = await bench.cache.answer(request(), async () => answerWith(source));
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const waiting = reader.read();
    await Bun.sleep(1);
    await reader.cancel();
    expect((await waiting).done).toBe(true);
  }
  await bench.cache.close();
  expect(bench.cache.stats()).toMatchObject({ entries: 0, disk: { entries: 0 } });
  expect(readdirSync(join(bench.directory, "v1", "tmp"))).toEqual([]);
});

test("[C1] a chunk that is written again after it was passed on is kept as it was", async () => {
  for (const size of [100_000, 400_000]) {
    await using bench = Bench.onDisk(() => ({}));
    const chunk = Buffer.alloc(size / 4, 1);
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          controller.enqueue(chunk.fill(1));
          if (++sent === 4) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    let sent = 0;
    const answer = await bench.cache.answer(request(), async () => answerWith(source));
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) read.value.fill(9);
    const again = await bench.cache.answer(request(), () => Promise.reject(new Error("asked again")));
    const kept = await new Response(again.body).bytes();
    expect([kept.length, kept.every((byte) => byte === 1)]).toEqual([size, true]);
  }
});

test("[C1] without a disk, bodies on their way share a limit of memory", async () => {
  await using bench = new Bench(() => ({}), { memMax: "1mb" });
  const open = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const { stream } = pieces(2, 128 * 1024);
      const answer = await bench.cache.answer(request(`/${index}`), async () => answerWith(stream));
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      return reader;
    }),
  );
  for (const reader of open) while (!(await reader.read()).done);
  expect(bench.cache.stats().bytes).toBeLessThan(MB);
  expect(bench.cache.stats().entries).toBeWithin(1, 8);
});

test("[C1] empty bodies, and bodies that are here whole, are kept as they are", async () => {
  await using bench = new Bench(() => ({}));
  const buffer = Buffer.from("first");
  for (const [path, body, text] of [
    ["/null", null, ""],
    ["/empty", new Uint8Array(0), ""],
    ["/bytes", buffer, "first"],
  ] as const) {
    expect(
      (await got(await bench.cache.answer(request(path), async () => answerWith(body, body?.length ?? 0))))
        .text,
    ).toBe(text);
  }
  // The bytes may be a buffer that is used again.
  buffer.fill("x");
  const again = await got(
    await bench.cache.answer(request("/bytes"), () => Promise.reject(new Error("asked again"))),
  );
  expect([isHit(again), again.text]).toEqual([true, "first"]);
});

test("[C1] memory holds what was used last, within its limit", async () => {
  await using bench = new Bench(() => ({ fields: fresh, body: new Uint8Array(50_000) }), { memMax: "1mb" });
  for (let index = 0; index < 40; index++) {
    await bench.ask(`/${index}`);
    expect(isHit(await bench.ask("/0"))).toBe(true);
  }
  expect(bench.cache.stats().bytes).toBeLessThan(MB);
  expect(isHit(await bench.ask("/1"))).toBe(false);
});
