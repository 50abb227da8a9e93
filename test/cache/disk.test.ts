import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readEntry } from "../../src/cache/disk-read.ts";
import { openCache } from "../../src/cache/open.ts";
import { cacheSettings } from "../../src/config/cache-options.ts";
import { Bench, isHit } from "./support.ts";

const fields = { "cache-control": "max-age=600", etag: '"a"' };
const MB = 1024 * 1024;

/** Files of entries, and of what is being written. */
function files(directory: string): { path: string; bytes: number }[] {
  const tree = join(directory, "v1");
  return readdirSync(tree, { recursive: true, encoding: "utf8" })
    .map((name) => join(tree, name))
    .flatMap((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (!stats?.isFile() || /control$|sweep\.lock$/.test(path)) return [];
      const whole = Math.ceil(stats.size / 4096) * 4096;
      // A file gets its size before the room is taken: what is really there counts, without what the system took ahead.
      const bytes = path.includes("/v1/tmp/") ? Math.min(whole, stats.blocks * 512) : whole;
      return [{ path, bytes }];
    });
}

const sum = (directory: string): number => files(directory).reduce((all, { bytes }) => all + bytes, 0);

async function writer(directory: string, diskMax: string, own: number): Promise<Bun.Subprocess> {
  const ready = Promise.withResolvers<void>();
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "fixtures/writer.ts"), directory, diskMax, String(own)],
    { stdio: ["ignore", "inherit", "inherit"], ipc: () => ready.resolve() },
  );
  void child.exited.then(() => ready.reject(new Error("the writer ended")));
  await ready.promise;
  return child;
}

async function kill(child: Bun.Subprocess): Promise<void> {
  child.kill("SIGKILL");
  await child.exited;
}

test("[C1] the disk survives a restart, small and large, with variants, heads and parts", async () => {
  await using bench = Bench.onDisk((request) => ({
    fields: { ...fields, vary: request.url.endsWith("/vary") ? "x-a" : "" },
    body: request.url.endsWith("/large") ? new Uint8Array(3 * MB).fill(7) : `${request.headers.get("x-a")}`,
  }));
  await bench.ask("/small");
  await bench.ask("/large");
  for (const value of ["1", "2"]) await bench.ask("/vary", { "x-a": value });
  await bench.cache.close();
  bench.cache = bench.another();
  expect((await bench.ask("/small")).text).toBe("null");
  expect((await bench.ask("/vary", { "x-a": "1" })).text).toBe("1");
  expect((await bench.ask("/vary", { "x-a": "2" })).text).toBe("2");
  for (const _ of [1, 2]) {
    const large = await bench.ask("/large");
    expect([isHit(large), large.text === "\x07".repeat(3 * MB), large.length]).toEqual([true, true, 3 * MB]);
  }
  expect((await bench.ask("/large", { range: "bytes=3145727-" })).text).toBe("\x07");
  expect((await bench.ask("/large", {}, "HEAD")).field("content-length")).toBe(String(3 * MB));
  expect((await bench.ask("/large", { "if-none-match": '"a"' })).status).toBe(304);
  expect(bench.seen.length).toBe(4);
  expect((await bench.ask("/vary", { "x-a": "3" })).how).toMatch(/fwd=vary-miss/);
});

test("[C1] two workers share the disk, and see what the other renewed", async () => {
  await using bench = Bench.onDisk((_, count) => ({
    fields: { "cache-control": count > 1 ? "max-age=60" : "max-age=2" },
  }));
  const other = bench.another();
  const { setSystemTime } = await import("bun:test");
  try {
    await bench.ask();
    await bench.cache.close();
    expect((await bench.askOf(other)).text).toBe("body 1");
    setSystemTime(new Date(Date.now() + 5000));
    expect((await bench.ask()).text).toBe("body 2");
    await bench.cache.close();
    const renewed = await bench.askOf(other);
    expect([isHit(renewed), renewed.text, bench.seen.length]).toEqual([true, "body 2", 2]);
  } finally {
    setSystemTime();
    await other.close();
  }
});

test("[C1] files that are damaged, cut or strange are misses, and go", async () => {
  await using bench = Bench.onDisk(() => ({ fields, body: "x".repeat(10_000) }));
  await bench.ask();
  await bench.cache.close();
  const [file] = files(bench.directory);
  const { path } = file!;
  const good = readFileSync(path);
  const damage: [string, () => void][] = [
    ["empty", () => writeFileSync(path, "")],
    ["cut", () => truncateSync(path, good.length - 1)],
    ["longer", () => writeFileSync(path, Buffer.concat([good, Buffer.from("x")]))],
    ["zeros", () => writeFileSync(path, Buffer.alloc(good.length))],
    ["garbage", () => writeFileSync(path, "<html>".repeat(2000))],
    ["magic alone", () => writeFileSync(path, good.subarray(0, 8))],
    ...[0, 9, 17, 25, 40, good.length - 1].map((at): [string, () => void] => [
      `a bit at ${at}`,
      () =>
        writeFileSync(
          path,
          good.map((byte, index) => (index === at ? byte ^ 1 : byte)),
        ),
    ]),
  ];
  for (const [name, harm] of damage) {
    harm();
    const cache = bench.another();
    const before = bench.seen.length;
    expect([name, isHit(await bench.askOf(cache)), bench.seen.length - before]).toEqual([name, false, 1]);
    await cache.close();
    expect([name, readEntry(path, MB)?.body.length]).toEqual([name, 10_000]);
  }
});

test("[C1] a start removes what is none of its own, below its own directory only", async () => {
  await using bench = Bench.onDisk(() => ({ fields }));
  await bench.ask();
  await bench.cache.close();
  const tree = join(bench.directory, "v1");
  writeFileSync(join(bench.directory, "notes.txt"), "mine");
  writeFileSync(join(tree, "00", "strange"), "x");
  mkdirSync(join(tree, "01", "folder"));
  writeFileSync(join(tree, "tmp", "999999999-1"), "left by one that died");
  const cache = bench.another();
  await cache.close();
  expect(files(bench.directory).length).toBe(1);
  expect(readFileSync(join(bench.directory, "notes.txt"), "utf8")).toBe("mine");
  expect(cache.stats().disk).toEqual({ entries: 1, bytes: 4096 });
  writeFileSync(join(tree, "control"), "of another version");
  const next = bench.another();
  expect((await bench.askOf(next)).how).toMatch(/skitai/);
  await next.close();
});

test("[C1] kill -9 of a writer at any moment, 30 times: every entry is whole, and room is not lost", async () => {
  await using bench = Bench.onDisk(() => ({}), { diskMax: "64mb" });
  const { directory } = bench;
  for (let round = 0; round < 30; round++) {
    const child = await writer(directory, "64mb", 0);
    await Bun.sleep(Math.random() * 60);
    await kill(child);
  }
  const entries = files(directory).filter(({ path }) => !path.includes("/v1/tmp/"));
  expect(entries.length).toBeGreaterThan(10);
  for (const { path } of entries) {
    const found = readEntry(path, 8 * MB);
    // What is damaged would be a miss; after kill alone nothing is.
    if (found === undefined) throw new Error(`${path} is not whole`);
    if ("fork" in found.head) continue;
    const said = found.head.fields.find(([name]) => name === "X-Sum")?.[1];
    expect(Bun.hash.crc32(found.body as Uint8Array).toString()).toBe(said!);
  }
  const cache = openCache(cacheSettings({ path: directory, diskMax: "64mb" }));
  await cache.close();
  expect(readdirSync(join(directory, "v1", "tmp"))).toEqual([]);
  expect(cache.stats().disk).toEqual({ entries: files(directory).length, bytes: sum(directory) });
}, 60_000);

test("[C1] four writers stay within the room there is, and what is new still gets in", async () => {
  await using bench = Bench.onDisk(() => ({ fields }), { diskMax: "4mb" });
  const writers = await Promise.all([1, 2, 3, 4].map((own) => writer(bench.directory, "4mb", own)));
  let [most, evicted, before] = [0, false, 0];
  const until = Date.now() + 4000;
  while (Date.now() < until) {
    // All stand still: a sum over files that move is none.
    for (const child of writers) child.kill("SIGSTOP");
    await Bun.sleep(2);
    const now = sum(bench.directory);
    for (const child of writers) child.kill("SIGCONT");
    evicted ||= now < before;
    before = now;
    most = Math.max(most, now);
    await Bun.sleep(20);
  }
  await Promise.all(writers.map(kill));
  expect(most).toBeWithin(2 * MB, 4 * MB + 1);
  expect(evicted).toBe(true);
  await bench.cache.close();
  bench.cache = bench.another();
  await bench.cache.close();
  bench.cache = bench.another();
  await bench.ask("/new");
  await bench.cache.close();
  expect(isHit(await bench.askOf(bench.another(), "/new"))).toBe(true);
}, 30_000);
