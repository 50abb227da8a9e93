import { afterAll, describe, expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { BIG, FILES, TEXT, writeFixture } from "./kinds.ts";
import { rawRequest, serveDirectory } from "./served.ts";

const fixture = writeFixture();
afterAll(() => fixture.remove());

describe.each(Object.entries(fixture.kinds))("a directory: %s", (kind, open) => {
  const site = serveDirectory(open());
  afterAll(() => site[Symbol.dispose]());
  // What is not kept in memory is not compressed: nothing to test then, rather than tests to skip.
  const compresses = kind !== "disk, no memory";
  const coded: (name: string, run: () => Promise<void>) => void = compresses ? test : () => {};

  test("[S3] index files: index.html, then index.htm, else nothing", async () => {
    expect(await (await site.get("/")).text()).toBe("<h1>home</h1>");
    expect((await site.get("/")).headers.get("content-type")).toBe("text/html;charset=utf-8");
    expect(await (await site.get("/docs/")).text()).toBe("<h1>docs</h1>");
    expect((await site.get("/bare/")).status).toBe(404);
    expect((await site.get("/bare")).status).toBe(404);
    expect((await site.get("/ten.txt/")).status).toBe(404);
  });

  test("[S3] a directory without its slash is redirected below the mount point, query kept", async () => {
    using mounted = serveDirectory(open({ mountPoint: "/v1" }));
    const response = await mounted.get("/docs?a=1&b=%2F");
    expect([response.status, response.headers.get("location")]).toEqual([301, "/v1/docs/?a=1&b=%2F"]);
    expect((await site.get("/docs")).headers.get("location")).toBe("/docs/");
    expect((await rawRequest(site.port, "//docs")).startsWith("HTTP/1.1 404")).toBe(true);
    expect(site.directory.respond("//docs", "", new Request(site.url("/")))).toBeUndefined();
  });

  test("[S3] precompressed siblings, the original when none is accepted", async () => {
    const bodyFor = async (accepted: string) => {
      const response = await site.get("/built.js", { "accept-encoding": accepted });
      expect(response.headers.get("vary")).toBe("Accept-Encoding");
      expect(response.headers.get("content-type")).toBe("text/javascript;charset=utf-8");
      return [response.headers.get("content-encoding"), await response.text()];
    };
    expect(await bodyFor("gzip, br, zstd")).toEqual(["br", "sibling br"]);
    expect(await bodyFor("gzip, br;q=0.9")).toEqual(["gzip", "sibling gz"]);
    expect(await bodyFor("identity")).toEqual([null, FILES["/built.js"] as string]);
    const itself = await site.get("/built.js.gz", { "accept-encoding": "gzip" });
    expect([itself.headers.get("content-type"), itself.headers.get("content-encoding")]).toEqual([
      "application/gzip",
      null,
    ]);
  });

  coded("[S3] text is compressed on the fly, each coding with its own strong tag", async () => {
    const decoders = { zstd: zstdDecompressSync, br: brotliDecompressSync, gzip: gunzipSync };
    const tags = new Set([(await site.get("/site.css")).headers.get("etag")]);
    for (const [coding, decode] of Object.entries(decoders)) {
      const response = await site.get("/site.css", { "accept-encoding": coding });
      expect(response.headers.get("content-encoding")).toBe(coding);
      expect(response.headers.get("vary")).toBe("Accept-Encoding");
      expect(response.headers.has("accept-ranges")).toBe(false);
      const body = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get("content-length")).toBe(String(body.length));
      expect(decode(body).toString()).toBe(TEXT);
      const etag = response.headers.get("etag") ?? "";
      tags.add(etag);
      const again = await site.get("/site.css", { "accept-encoding": coding, "if-none-match": etag });
      expect([again.status, again.headers.get("vary")]).toEqual([304, "Accept-Encoding"]);
    }
    expect(tags.size).toBe(4);
    const many = await site.get("/site.css", { "accept-encoding": "gzip, deflate, br, zstd" });
    expect(many.headers.get("content-encoding")).toBe("zstd");
  });

  coded("[S3] a Range of compressible text gets identity offsets", async () => {
    const response = await site.get("/site.css", { "accept-encoding": "gzip", range: "bytes=7-11" });
    expect([response.status, response.headers.get("content-encoding"), await response.text()]).toEqual([
      206,
      null,
      TEXT.slice(7, 12),
    ]);
    expect(response.headers.get("vary")).toBe("Accept-Encoding");
    const refused = await site.get("/site.css", {
      "accept-encoding": "gzip, identity;q=0",
      range: "bytes=7-11",
    });
    expect([refused.status, refused.headers.get("content-encoding")]).toEqual([200, "gzip"]);
  });

  test("[S3] a big precompressed sibling is sent whole to a Range that refuses identity", async () => {
    const response = await site.get("/heavy.bin", {
      "accept-encoding": "br, identity;q=0",
      range: "bytes=1-3",
    });
    expect([response.status, response.headers.get("content-encoding")]).toEqual([200, "br"]);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(BIG);
  });

  coded("[S3] 406 when every coding and identity are refused", async () => {
    const response = await site.get("/site.css", { "accept-encoding": "identity;q=0" });
    expect([response.status, response.headers.get("vary")]).toEqual([406, "Accept-Encoding"]);
    expect((await site.get("/site.css", { "accept-encoding": "*;q=0" })).status).toBe(406);
  });

  test.each(["/ten.txt", "/logo.png", "/big.bin"])("[S3] %s is not negotiated", async (path) => {
    const response = await site.get(path, { "accept-encoding": "gzip, br, zstd" });
    expect([response.status, response.headers.get("content-encoding"), response.headers.get("vary")]).toEqual(
      [200, null, null],
    );
  });

  coded("[S3] text that does not shrink is sent as it is", async () => {
    const response = await site.get("/noise.txt", { "accept-encoding": "zstd" });
    expect([response.headers.get("content-encoding"), response.headers.get("vary")]).toEqual([
      null,
      "Accept-Encoding",
    ]);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(
      FILES["/noise.txt"] as Uint8Array<ArrayBuffer>,
    );
  });

  test("[S3] no compression when it is switched off, siblings still", async () => {
    using plain = serveDirectory(open({ compression: false }));
    const response = await plain.get("/site.css", { "accept-encoding": "gzip" });
    expect([response.headers.get("content-encoding"), response.headers.get("vary")]).toEqual([null, null]);
    expect((await plain.get("/built.js", { "accept-encoding": "br" })).headers.get("content-encoding")).toBe(
      "br",
    );
  });

  test("[S2] Cache-Control and Expires where maxAge gives a number, asked with the public path", async () => {
    const asked: string[] = [];
    const maxAge = (path: string) => (
      asked.push(path),
      path.endsWith(".txt") ? 300 : path.endsWith(".css") ? 0 : undefined
    );
    using mounted = serveDirectory(open({ mountPoint: "/v1", maxAge }));
    const before = Date.now();
    const response = await mounted.get("/ten.txt");
    expect(response.headers.get("cache-control")).toBe("max-age=300");
    const expires = Date.parse(response.headers.get("expires") ?? "");
    expect(expires).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000 + 300_000);
    expect(expires).toBeLessThanOrEqual(Date.now() + 300_000);
    expect(asked).toEqual(["/v1/ten.txt"]);
    const notModified = await mounted.get("/ten.txt", { "if-none-match": "*" });
    expect([notModified.status, notModified.headers.get("cache-control")]).toEqual([304, "max-age=300"]);
    for (const path of ["/site.css", "/big.bin"]) {
      const plain = await mounted.get(path);
      expect([plain.headers.get("cache-control"), plain.headers.get("expires")]).toEqual([null, null]);
    }
  });

  test("[S4] dot files are hidden unless allowed, /.well-known/ never is", async () => {
    expect((await site.get("/.env")).status).toBe(404);
    expect((await site.get("/%2eenv")).status).toBe(404);
    expect((await site.get("/.well-known/.env")).status).toBe(404);
    expect(await (await site.get("/.well-known/security.txt")).text()).toBe("contact");
    using open_ = serveDirectory(open({ dotFiles: "allow" }));
    expect(await (await open_.get("/.env")).text()).toBe("SECRET");
  });

  test("[E5] what is not there is undefined, and has says the same", () => {
    const { directory } = site;
    for (const path of ["/none", "/none/", "/bare", "/bare/", "/.env", "/ten.txt/x"]) {
      expect(directory.respond(path, "", new Request(site.url("/")))).toBeUndefined();
      expect(directory.has(path)).toBe(false);
    }
    for (const path of ["/", "/ten.txt", "/docs", "/docs/", "/docs/index.htm"])
      expect(directory.has(path)).toBe(true);
  });

  test("[S1] a kept hit answers at once, without a promise", async () => {
    const request = new Request(site.url("/"), { headers: { "accept-encoding": "gzip" } });
    await site.directory.respond("/site.css", "", request);
    expect(site.directory.respond("/ten.txt", "", request)).toBeInstanceOf(Response);
    if (compresses) expect(site.directory.respond("/site.css", "", request)).toBeInstanceOf(Response);
  });
});
