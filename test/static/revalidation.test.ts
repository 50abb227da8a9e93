import { describe, expect, test } from "bun:test";
import { rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveRoot, temporary, writeFiles } from "./served.ts";

describe("[S1] what changed on disk is seen", () => {
  test("at once when every request looks", async () => {
    using place = temporary();
    writeFiles(place.path, { "/a.txt": "one", "/b.txt": "same" });
    using site = serveRoot(place.path);
    expect((await site.get("/new.txt")).status).toBe(404);
    writeFiles(place.path, { "/new.txt": "new" });
    expect(await (await site.get("/new.txt")).text()).toBe("new");
    const first = await site.get("/a.txt");
    writeFileSync(join(place.path, "a.txt"), "two");
    const second = await site.get("/a.txt");
    expect([await first.text(), await second.text()]).toEqual(["one", "two"]);
    expect(second.headers.get("etag")).not.toBe(first.headers.get("etag"));
    rmSync(join(place.path, "a.txt"));
    expect((await site.get("/a.txt")).status).toBe(404);
  });

  test("not before `revalidate` seconds are over, then it is", async () => {
    using place = temporary();
    writeFiles(place.path, { "/a.txt": "one" });
    using site = serveRoot(place.path, { revalidate: 0.2 });
    const asked = performance.now();
    expect(await (await site.get("/a.txt")).text()).toBe("one");
    writeFileSync(join(place.path, "a.txt"), "two");
    let body = "";
    while (body !== "two") body = await (await site.get("/a.txt")).text();
    expect(performance.now() - asked).toBeGreaterThanOrEqual(199);
    expect(performance.now() - asked).toBeLessThan(2000);
  });

  test("two writes within one second and of one size have two tags", async () => {
    using place = temporary();
    const name = join(place.path, "a.txt");
    using site = serveRoot(place.path);
    const tags = new Set<string | null>();
    for (let i = 0; i < 20; i++) {
      writeFileSync(name, `v${String(i).padStart(2, "0")}`);
      const response = await site.get("/a.txt");
      expect(await response.text()).toBe(`v${String(i).padStart(2, "0")}`);
      tags.add(response.headers.get("etag"));
    }
    expect(tags.size).toBe(20);
  });

  test("a file written again before its clock ticked", async () => {
    using place = temporary();
    const written = new Date();
    writeFiles(place.path, { "/a.txt": "one" }, written);
    using site = serveRoot(place.path);
    expect(await (await site.get("/a.txt")).text()).toBe("one");
    writeFiles(place.path, { "/a.txt": "two" }, written);
    expect(await (await site.get("/a.txt")).text()).toBe("two");
  });

  test("[S3] a sibling appears, is outdated, and goes", async () => {
    using place = temporary();
    writeFiles(place.path, { "/a.js": "plain" });
    using site = serveRoot(place.path);
    const coding = async () =>
      (await site.get("/a.js", { "accept-encoding": "br" })).headers.get("content-encoding");
    expect(await coding()).toBeNull();
    writeFiles(place.path, { "/a.js.br": "coded" });
    expect(await coding()).toBe("br");
    utimesSync(join(place.path, "a.js"), new Date(), new Date());
    expect(await coding()).toBeNull();
    writeFiles(place.path, { "/a.js.br": "coded" }, new Date());
    expect(await coding()).toBe("br");
    rmSync(join(place.path, "a.js.br"));
    expect(await coding()).toBeNull();
  });

  test("a file from the future has no Last-Modified", async () => {
    using place = temporary();
    writeFiles(place.path, { "/a.txt": "one" }, new Date(Date.now() + 86_400_000));
    using site = serveRoot(place.path);
    const response = await site.get("/a.txt");
    expect([response.status, response.headers.get("last-modified")]).toEqual([200, null]);
  });
});
