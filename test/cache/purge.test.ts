import { expect, test } from "bun:test";
import { Control, controlLength } from "../../src/cache/control.ts";
import { Bench, isHit } from "./support.ts";

const fields = { "cache-control": "max-age=600" };

test("[C2] purges by URL, prefix and tag reach the memory of other workers at their next request", async () => {
  await using bench = Bench.onDisk((request) => ({
    fields: {
      ...fields,
      "cache-tag": `page, ${new URL(request.url).pathname.slice(1)}`,
      "surrogate-key": "Left right",
    },
  }));
  const other = bench.another();
  const missed = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const path of ["/a", "/a/1", "/b?x=1"]) if (!isHit(await bench.askOf(other, path))) found.push(path);
    return found;
  };
  const origin = bench.url("").toUpperCase().replace("HTTP:", "http:");
  await missed();
  for (const [target, gone] of [
    [{ url: bench.url("/a") }, ["/a"]],
    [{ url: bench.url("/none") }, []],
    [{ prefix: `${origin}/a` }, ["/a", "/a/1"]],
    [{ prefix: bench.url("/a/") }, ["/a/1"]],
    [{ prefix: bench.url("/b?x") }, ["/b?x=1"]],
    [{ prefix: "http://127.0.0.1" }, ["/a", "/a/1", "/b?x=1"]],
    [{ tag: "A" }, ["/a"]],
    [{ tag: "page" }, ["/a", "/a/1", "/b?x=1"]],
    [{ tag: "left" }, ["/a", "/a/1", "/b?x=1"]],
    [{ tag: "other" }, []],
    [{ all: true }, ["/a", "/a/1", "/b?x=1"]],
  ] as const) {
    expect(await missed()).toEqual([]);
    bench.cache.purge(target);
    expect([target, await missed()]).toEqual([target, [...gone]]);
  }
  await other.close();
});

test("[C2] what was purged does not come back from disk, nor after a restart", async () => {
  await using bench = Bench.onDisk(() => ({ fields: { ...fields, vary: "x-a" } }));
  for (const value of ["1", "2"]) await bench.ask("/", { "x-a": value });
  await bench.cache.close();
  expect((await bench.askOf(bench.another(), "/", { "x-a": "2" })).text).toBe("body 2");
  bench.cache.purge({ url: bench.url() });
  expect((await bench.askOf(bench.another(), "/", { "x-a": "1" })).text).toBe("body 3");
  expect((await bench.askOf(bench.another(), "/", { "x-a": "2" })).text).toBe("body 4");
});

test("[C2] an unsafe request that one worker forwards takes the answer from all", async () => {
  await using bench = Bench.onDisk(() => ({ fields }));
  const other = bench.another();
  await bench.askOf(other);
  expect(isHit(await bench.askOf(other))).toBe(true);
  await bench.ask("/", {}, "POST");
  expect(isHit(await bench.askOf(other))).toBe(false);
  await other.close();
});

test("[C2] more prefixes than are remembered take away more, never less", () => {
  const control = new Control();
  const at = (key: string): boolean => control.isPurged({ key, tags: [], born });
  let born = control.clock;
  for (let index = 0; index < 256; index++) control.purgePrefix(`http://a/${index}/`);
  expect([at("http://a/0/x"), at("http://a/255/x"), at("http://b/")]).toEqual([true, true, false]);
  for (let index = 0; index < 300; index++) control.purgePrefix("http://a/7/");
  expect(at("http://b/")).toBe(false);
  born = control.clock;
  expect(at("http://a/0/x")).toBe(false);
  control.purgePrefix("http://c/");
  expect([at("http://c/"), at("http://b/")]).toEqual([true, false]);
  const long = `http://d/${"x".repeat(1000)}`;
  control.purgePrefix(long);
  expect([at(`${long}y`), at(`http://d/${"x".repeat(600)}`), at("http://d/x")]).toEqual([true, true, false]);
});

test("[C2] a purge that is not exactly one target is refused, and so is a file that is no control file", async () => {
  await using bench = new Bench(() => ({ fields }));
  for (const target of [{}, { url: "/x" }, { tag: "" }, { prefix: "/a" }, { url: bench.url(), tag: "a" }])
    expect(() => bench.cache.purge(target)).toThrow(/^purge: .* is not accepted; accepted: exactly one of/);
  expect(() => new Control(new Uint8Array(controlLength).fill(1))).toThrow("control file of the HTTP cache");
  expect(() => new Control(new Uint8Array(8))).toThrow("control file of the HTTP cache");
});
