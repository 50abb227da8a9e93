import { describe, expect, test } from "bun:test";
import { FileMemory } from "../../src/static/directory.ts";
import { serveRoot, temporary, writeFiles } from "./served.ts";

class Item {
  used = false;
  gone = 0;
  evicted(): void {
    this.gone++;
  }
}

describe("[S1] the memory of static files", () => {
  test("never holds more than it may; what was used is spared once", () => {
    const memory = new FileMemory({ maxBytes: 100 });
    const items = Array.from({ length: 4 }, () => new Item());
    const [a, b, c, d] = items as [Item, Item, Item, Item];
    for (const item of [a, b, c]) memory.add(item, 30);
    a.used = true;
    memory.add(d, 30);
    expect(items.map(({ gone }) => gone)).toEqual([0, 1, 0, 0]);
    expect([memory.bytes, memory.size]).toEqual([90, 3]);
  });

  test("gives up what is larger than itself, and what grows too large", () => {
    const memory = new FileMemory({ maxBytes: 100 });
    const [large, growing] = [new Item(), new Item()];
    large.used = true;
    memory.add(large, 101);
    memory.add(growing, 50);
    memory.grow(growing, 51);
    memory.grow(growing, 51);
    expect([large.gone, growing.gone, memory.bytes, memory.size]).toEqual([1, 1, 0, 0]);
  });

  test("removing is not evicting, and may be done twice", () => {
    const memory = new FileMemory({ maxBytes: 100 });
    const item = new Item();
    memory.add(item, 50);
    memory.remove(item);
    memory.remove(item);
    expect([item.gone, memory.bytes, memory.size]).toEqual([0, 0, 0]);
  });

  test("is shared by directories, bounded over many files and their coded variants", async () => {
    using place = temporary();
    const body = "text ".repeat(2000);
    const files = Array.from({ length: 60 }, (_, i) => `/f${i}.txt`);
    writeFiles(place.path, Object.fromEntries(files.map((file) => [file, body + file])));
    const memory = new FileMemory({ maxBytes: 200_000 });
    using one = serveRoot(place.path, { memory, revalidate: 60 });
    using two = serveRoot(place.path, { memory, revalidate: 60 });
    for (const file of files) {
      for (const site of [one, two]) {
        const response = await site.get(file, { "accept-encoding": "gzip" });
        expect(new TextDecoder().decode(Bun.gunzipSync(await response.arrayBuffer()))).toBe(body + file);
        expect(memory.bytes).toBeLessThanOrEqual(200_000);
      }
    }
    expect(memory.size).toBeGreaterThan(10);
    one.directory.close();
    two.directory.close();
    expect([memory.bytes, memory.size]).toEqual([0, 0]);
  });

  test("does not grow by what is missing, nor by other spellings of a name", async () => {
    using place = temporary();
    writeFiles(place.path, { "/abc.txt": "abc", "/d/index.html": "d" });
    const memory = new FileMemory();
    using site = serveRoot(place.path, { memory, revalidate: 60 });
    for (const path of [
      "/abc.txt",
      "/%61bc.txt",
      "/%61%62%63.txt",
      "/a%62c.txt?x=1",
      "/d/",
      "/d",
      "/d/index.html",
    ])
      await (await site.get(path)).text();
    for (let i = 0; i < 200; i++) expect((await site.get(`/none-${i}`)).status).toBe(404);
    expect(memory.size).toBe(2);
  });

  test("concurrent first requests compress once and all get it", async () => {
    using place = temporary();
    writeFiles(place.path, { "/a.css": "a { b: c }\n".repeat(5000) });
    const memory = new FileMemory();
    using site = serveRoot(place.path, { memory, revalidate: 60 });
    await site.get("/a.css");
    const before = memory.bytes;
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => site.get("/a.css", { "accept-encoding": "br" })),
    );
    const lengths = await Promise.all(responses.map(async (response) => (await response.bytes()).length));
    expect(new Set(lengths).size).toBe(1);
    expect(memory.bytes - before).toBe((lengths[0] ?? 0) + 2048);
  });
});
