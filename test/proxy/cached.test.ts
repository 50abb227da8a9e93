import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestClient, testClient } from "../../src/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "skitai-cached-"));
const script = new URL("./fixtures/cached.ts", import.meta.url);
let asked: string[] = [];
let version = 1;
let upstream: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  upstream = Bun.serve({
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      asked.push(`${request.method} ${pathname}${request.headers.get("if-none-match") ? " again" : ""}`);
      const headers = { "cache-control": "max-age=60", etag: `"${version}"`, "cache-tag": "pets" };
      if (pathname === "/private") return new Response("own", { headers: { "cache-control": "private" } });
      if (pathname === "/stale") {
        headers["cache-control"] = "max-age=0, must-revalidate";
        if (request.headers.get("if-none-match") === headers.etag)
          return new Response(null, { status: 304, headers });
      }
      if (pathname === "/gzip")
        return new Response(Bun.gzipSync("packed"), { headers: { ...headers, "content-encoding": "gzip" } });
      if (pathname === "/large") return new Response("x".repeat(1_000_000), { headers });
      return new Response(`${pathname} ${version}`, { headers });
    },
  });
});
afterAll(async () => {
  await upstream.stop(true);
  rmSync(folder, { recursive: true });
});

const start = (...more: string[]): Promise<TestClient> =>
  testClient(script, undefined, { args: [`--upstream=127.0.0.1:${upstream.port}`, ...more] });
const once = { headers: { connection: "close" } };
const status = (headers: Headers): string => headers.get("cache-status") ?? "";

describe("[C1] a reverse proxy with a cache in memory", () => {
  let server: TestClient;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  /** Until both workers answer from their memory. */
  async function warm(path: string): Promise<void> {
    for (let hits = 0; hits < 20;)
      hits = status((await server.get(path, once)).headers).includes("hit") ? hits + 1 : 0;
  }

  test("answers what it has kept, with its age, and says so", async () => {
    await warm("/up/a");
    asked = [];
    const { text, headers } = await server.get("/up/a");
    expect([text, status(headers)]).toEqual(["/a 1", expect.stringMatching(/^skitai; hit; ttl=\d+$/)]);
    expect([headers.get("content-length"), headers.get("cache-tag")]).toEqual(["4", null]);
    expect(Number(headers.get("age"))).toBeWithin(0, 60);
    const conditional = await server.get("/up/a", { headers: { "if-none-match": '"1"' } });
    const head = await server.head("/up/a");
    const part = await server.get("/up/a", { headers: { range: "bytes=1-1" } });
    expect([conditional.status, head.status, head.headers.get("content-length")]).toEqual([304, 200, "4"]);
    expect([part.status, part.text]).toEqual([206, "a"]);
    expect(asked).toEqual([]);
  });

  test("neither what is private nor what others asked for with other methods", async () => {
    asked = [];
    for (let i = 0; i < 3; i++) await server.get("/up/private");
    await server.post("/up/b", {});
    expect(asked).toEqual(["GET /private", "GET /private", "GET /private", "POST /b"]);
  });

  test("asks again with what it has, and keeps it when it is still right", async () => {
    for (let i = 0; i < 6; i++) expect((await server.get("/up/stale", once)).text).toStartWith("/stale");
    asked = [];
    await server.get("/up/stale");
    expect(asked).toEqual(["GET /stale again"]);
  });

  test("content codings and large bodies go through as they are", async () => {
    await warm("/up/gzip");
    await warm("/up/large");
    expect((await server.get("/up/gzip")).text).toBe("packed");
    expect((await server.get("/up/large")).text).toHaveLength(1_000_000);
  });

  test("[C2] a purge on one worker holds on all of them", async () => {
    await warm("/up/c");
    version++;
    expect((await server.get("/up/c")).text).toBe("/c 1");
    await server.post("/purge", { prefix: `${server.url}/up/` });
    for (let i = 0; i < 20; i++) expect((await server.get("/up/c", once)).text).toBe(`/c ${version}`);
    await warm("/up/c");
    version++;
    await server.post("/purge", { tag: "pets" });
    for (let i = 0; i < 20; i++) expect((await server.get("/up/c", once)).text).toBe(`/c ${version}`);
    expect((await server.post("/purge", { nothing: 1 })).status).toBe(500);
  });

  test("a cookie that sends a client back to its member is its own: it is not kept", async () => {
    const cookies: (string | null)[] = [];
    const states: string[] = [];
    for (let i = 0; i < 20; i++) {
      const { headers } = await server.get("/sticky/x", once);
      cookies.push(headers.get("set-cookie"));
      states.push(status(headers).split(";")[1]!.trim());
      server.cookies.clear();
    }
    expect(cookies.map((cookie, i) => cookie !== null && states[i] === "hit")).not.toContain(true);
    expect(cookies.some((cookie) => cookie !== null)).toBe(true);
    expect(states).toContain("hit");
  });

  test("[C1] calls of handlers go by the same cache", async () => {
    const states = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const { data } = await server.get<[string, string]>("/call", once);
      expect(data[0]).toBe(`/called ${version}`);
      states.add(data[1].split(";")[1]!.trim().split("=")[0]!);
    }
    expect(states).toEqual(new Set(["fwd", "hit"]));
  });

  test("[C1] no Host of a client makes its answer one of the calls", async () => {
    await server.post("/purge", { all: true });
    for (let i = 0; i < 4; i++) {
      const { text } = await server.get("/called", { headers: { ...once.headers, host: "up.alias" } });
      expect(text).toBe(`/other/ ${version}`);
      const { data } = await server.get<[string, string]>("/call", once);
      expect(data[0]).toBe(`/called ${version}`);
    }
  });
});

test("[C1] a cache on disk is shared by the workers and outlives a restart", async () => {
  const directory = `--cache=${join(folder, "cache")}`;
  const first = await start(directory);
  expect((await first.get("/up/disk")).text).toBe(`/disk ${version}`);
  await first.stop();
  asked = [];
  const second = await start(directory);
  const states = new Set<string>();
  for (let i = 0; i < 20; i++) {
    // Another port: another URL, but for its name.
    const { headers, text } = await second.get("/up/disk", {
      headers: { ...once.headers, host: new URL(first.url).host },
    });
    expect(text).toBe(`/disk ${version}`);
    states.add(status(headers).split(";")[1]!.trim());
  }
  await second.stop();
  expect(states).toEqual(new Set(["hit"]));
  expect(asked).toEqual([]);
});
