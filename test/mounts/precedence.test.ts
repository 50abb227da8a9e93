import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { bodyOf, fixture, rawExchange } from "./support.ts";

// Once as in production, where the names of a directory are kept for a second, once always looking.
describe.each([[[]], [["--devel"]]])("with %p", (args) => {
  let cli: TestClient;
  beforeAll(async () => void (cli = await testClient(fixture("precedence.ts"), undefined, { args })));
  afterAll(() => cli.stop());

  const text = async (path: string): Promise<string> => (await cli.get(path)).text;

  test("[E5] a static file wins over the app of its point, else the app answers", async () => {
    expect(await text("/root.txt")).toBe("static root\n");
    expect(await text("/both")).toBe("shadow\n");
    expect(await text("/img/a.txt")).toBe("png\n");
    expect(await text("/img/")).toBe("index of static\n");
    expect(await text("/%72oot.txt")).toBe("static root\n");
    expect(await text("/")).toBe("root GET /");
    expect(await text("/img/none.txt")).toBe("root GET /img/none.txt");
    expect(await text("/none/a.txt")).toBe("root GET /none/a.txt");
    expect(await text("/root.txt/")).toBe("root GET /root.txt/");
    expect(await text("/%2fetc")).toBe("root GET /%2fetc");
  });

  test("[E5] HEAD asks the files too, other methods go to the app", async () => {
    const head = await cli.head("/root.txt");
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "12"]);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
      expect((await cli.request(method, "/root.txt")).text).toBe(`root ${method} /root.txt`);
  });

  test("[E5] without an app, a file that is there refuses other methods and says which it takes", async () => {
    const post = await cli.post("/only/f.txt", "x");
    expect([post.status, post.headers.get("allow")]).toEqual([200, null]);
    expect(post.text).toBe("root POST /only/f.txt");
    const refused = await cli.post("/f.txt", "x", { headers: { host: "files.example" } });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
    const options = await cli.options("/f.txt", { headers: { host: "files.example" } });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
    const none = await cli.post("/none.txt", "x", { headers: { host: "files.example" } });
    expect(none.status).toBe(404);
  });

  test("[E5] the longest point first, by whole segments", async () => {
    expect(await text("/deep/app/x")).toBe("deep GET /x");
    expect(await text("/deep/apple")).toBe("middle GET /apple");
    expect(await text("/deep/x")).toBe("middle GET /x");
    expect(await text("/deeper")).toBe("root GET /deeper");
    expect(await text("/DEEP/x")).toBe("root GET /DEEP/x");
  });

  test("[E5] a directory above an app's point is not asked", async () => {
    expect(await text("/deep/outer.txt")).toBe("middle GET /outer.txt");
  });

  test("[E5] a directory below an app's point is asked first, then that app with its own path", async () => {
    expect(await text("/deep/files/deep.txt")).toBe("deep\n");
    expect(await text("/deep/files/none.txt")).toBe("middle GET /files/none.txt");
    expect(await text("/only/f.txt")).toBe("files\n");
    expect(await text("/only/none.txt")).toBe("root GET /only/none.txt");
  });

  test("[E5] of two mounts of a kind the later is asked first; of two apps only the later", async () => {
    expect(await text("/twice/root.txt")).toBe("late\n");
    expect(await text("/twice/late.txt")).toBe("only early or late\n");
    expect(await text("/twice/both")).toBe("shadow\n");
    expect(await text("/anything")).toStartWith("root ");
  });

  test("[E7] /v1 and /v2 side by side, each with its own files", async () => {
    expect(await text("/v1/a.css")).toBe("css v1\n");
    expect(await text("/v2/a.css")).toBe("css v2\n");
    expect(await text("/v1/two.css")).toBe("v1 /two.css");
    expect(await text("/v2/two.css")).toBe("only v2\n");
    expect(await text("/v1/pets?x=1")).toBe("v1 /pets");
    expect(await text("/v2/pets")).toBe("v2 /pets");
    expect(await text("/v3/pets")).toBe("root GET /v3/pets");
  });

  test("[E6] exact hosts, a list, any case, any port, with a final dot", async () => {
    const at = async (host: string, path = "/"): Promise<string> =>
      (await cli.get(path, { headers: { host } })).text;
    for (const host of [
      "www.site1.com",
      "WWW.Site1.COM",
      "www.site1.com:8080",
      "www.site1.com.",
      "www.site2.com",
    ])
      expect([host, await at(host)]).toEqual([host, "one GET /"]);
    expect(await at("www.site1.com", "/api/x")).toBe("one api GET /x");
    expect(await at("www.site2.com", "/api/x")).toBe("one GET /api/x");
    // The default host's mounts are not under the others.
    expect(await at("www.site1.com", "/root.txt")).toBe("one GET /root.txt");
  });

  test("[E6] wildcards match below a name, the longest first, and nothing beside it", async () => {
    const at = async (host: string): Promise<string> => (await cli.get("/", { headers: { host } })).text;
    expect(await at("shop.site1.com")).toBe("wild GET /");
    expect(await at("a.b.site1.com:81")).toBe("wild GET /");
    expect(await at("x.site3.com")).toBe("dotted GET /");
    expect(await at("x.eu.site3.com")).toBe("deeper GET /");
    for (const host of [
      "evilsite1.com",
      "site1.com",
      "site1.com.evil.org",
      "www.site1.com.evil.org",
      "1.com",
    ])
      expect([host, await at(host)]).toEqual([host, "root GET /"]);
  });

  test("[E6] an IPv6 literal; an unknown host, or none, gets the default", async () => {
    const raw = async (head: string): Promise<string> => bodyOf(await rawExchange(cli.port, head));
    const close = "Connection: close\r\n\r\n";
    expect(await raw(`GET /x HTTP/1.1\r\nHost: [::1]\r\n${close}`)).toBe("six GET /x");
    expect(await raw(`GET /x HTTP/1.1\r\nHost: [::1]:5000\r\n${close}`)).toBe("six GET /x");
    expect(await raw(`GET /x HTTP/1.1\r\nHost: [::2]:5000\r\n${close}`)).toBe("root GET /x");
    expect(await raw(`GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n${close}`)).toBe("root GET /x");
    expect(await raw("GET /x HTTP/1.0\r\n\r\n")).toBe("root GET /x");
  });
});
