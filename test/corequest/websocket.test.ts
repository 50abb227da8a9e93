import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { aliasDeclaration, PROTO_HTTP, PROTO_WS, PROTO_WSS } from "../../src/config/alias-options.ts";
import { ws } from "../../src/corequest/websocket-client.ts";
import { installAlias } from "../../src/upstream/clusters.ts";
import { Authority } from "../tls/support.ts";

interface Seen {
  headers: Headers;
  path: string;
}
const seen: Seen[] = [];
let server: Bun.Server<unknown>;
let base = "";
let flooding: Bun.ServerWebSocket<unknown>;

/** A port that nobody listens on. */
function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

beforeAll(async () => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, self) {
      const url = new URL(request.url);
      seen.push({ headers: request.headers, path: url.pathname + url.search });
      const status = /^\/status\/(\d+)/.exec(url.pathname)?.[1];
      if (status !== undefined) return new Response("no", { status: Number(status) });
      return self.upgrade(request, { data: undefined }) ? undefined : new Response("no websocket");
    },
    websocket: {
      open: (socket) => void socket.send("[0]"),
      message(socket, message) {
        if (message === "close") socket.close(4002, "closed by server");
        else if (message === "usual") socket.close(1000, "done");
        else if (message === "cut") socket.terminate();
        else if (message === "big") socket.send("x".repeat(2000));
        else if (message === "flood") {
          flooding = socket;
          for (let n = 0; n < 400; n++) socket.send("x".repeat(40_000));
        } else socket.send(message);
      },
    },
  });
  base = `ws://127.0.0.1:${server.port}`;
  const dead = await closedPort();
  const alias = (name: string, members: string[]): void =>
    installAlias(aliasDeclaration(name, PROTO_WS, members, {}));
  alias("@live", [`127.0.0.1:${server.port}`]);
  alias("@half", [`127.0.0.1:${dead} 1000`, `127.0.0.1:${server.port}`]);
  alias("@dead", [`127.0.0.1:${dead}`]);
  alias("@based", [`ann:secret@127.0.0.1:${server.port}/base`]);
  installAlias(aliasDeclaration("@http-only", PROTO_HTTP, ["127.0.0.1:1"], {}));
});
afterAll(() => server.stop(true));

describe("[X4] was.ws", () => {
  test("sends, and is iterated over; what came before anybody asked is not lost", async () => {
    await using socket = ws("@live/path?x=1", { headers: { "X-Own": "1" } });
    await socket.opened;
    await Bun.sleep(20);
    await socket.send("one");
    await socket.send(new Uint8Array([1, 2]));
    await socket.send("usual");
    const all: unknown[] = [];
    for await (const message of socket) all.push(message);
    expect(all).toEqual(["[0]", "one", Buffer.from([1, 2])]);
    expect(await socket.closed).toEqual({ code: 1000, reason: "done" });
    const { headers, path } = seen.at(-1)!;
    expect([path, headers.get("x-own"), headers.get("user-agent")]).toEqual(["/path?x=1", "1", "skitai"]);
    await expect(socket.send("late")).rejects.toThrow("closed with 1000 done");
  });

  test("a URL, JSON, subprotocols, user and base path", async () => {
    await using socket = ws<{ a: number }>(`${base}/json`, { encoding: "json", protocols: ["p1", "p2"] });
    expect((await socket.next()).value as unknown).toEqual([0]);
    await socket.send({ a: 1 });
    expect((await socket.next()).value).toEqual({ a: 1 });
    expect(socket.protocol).toBe("p1");
    await socket.send(new TextEncoder().encode("bytes"));
    expect((await socket.next()).value as unknown).toEqual(Buffer.from("bytes"));
    await using based = ws("@based/x");
    await based.opened;
    const { headers, path } = seen.at(-1)!;
    expect([path, headers.get("authorization")]).toEqual(["/base/x", `Basic ${btoa("ann:secret")}`]);
  });

  test("what is no JSON is an error of that message only", async () => {
    await using plain = ws(`${base}/plain`);
    await plain.next();
    await using socket = ws(`${base}/json`, { encoding: "json" });
    await socket.next();
    await socket.send(1);
    expect((await socket.next()).value).toBe(1);
    await using echo = ws(`${base}/x`, { encoding: "json", maxMessage: 1000 });
    await echo.next();
    await echo.send("a");
    expect((await echo.next()).value).toBe("a");
    await expect(echo.send(() => {})).rejects.toThrow("message to send");
  });

  test("another member is asked when the first does not listen", async () => {
    for (let n = 0; n < 4; n++) {
      await using socket = ws("@half/x");
      expect((await socket.next()).value).toBe("[0]");
    }
  });

  test("nobody listens, refuses, or answers at all", async () => {
    const dead = ws("@dead/x");
    await expect(dead.opened).rejects.toMatchObject({ code: "BACKEND_UNSENT", alias: "@dead" });
    await expect(dead.send("x")).rejects.toMatchObject({ code: "BACKEND_UNSENT" });
    await expect(dead.next()).rejects.toMatchObject({ code: "BACKEND_UNSENT" });
    expect((await dead.closed).code).toBe(1006);
    await dead.close();
    for (const status of [401, 404, 503])
      await expect(ws(`@live/status/${status}`).opened).rejects.toMatchObject({
        code: "BACKEND_STATUS",
        status,
      });
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", () => resolve()));
    const { port } = silent.address() as { port: number };
    const late = ws(`ws://127.0.0.1:${port}/`, { timeout: 0.2 });
    await expect(late.opened).rejects.toMatchObject({ code: "BACKEND_TIMEOUT" });
    silent.close();
  });

  test("ends: by the server's code, cut, by this side", async () => {
    const coded = ws("@live/x");
    await coded.send("close");
    expect((await coded.next()).value).toBe("[0]");
    await expect(coded.next()).rejects.toThrow("closed with 4002 closed by server");
    const cut = ws("@live/x");
    await cut.next();
    await cut.send("cut");
    await expect(cut.next()).rejects.toThrow("closed with 1006");
    const own = ws("@live/x");
    await own.next();
    expect(await own.close(4000, "enough")).toEqual({ code: 4000, reason: "enough" });
    expect(await own.next()).toEqual({ done: true, value: undefined });
  });

  test("a message that is too big closes with 1009", async () => {
    const socket = ws("@live/x", { maxMessage: 1000 });
    await socket.next();
    await socket.send("big");
    await expect(socket.next()).rejects.toThrow("at most 1000 bytes");
    expect((await socket.closed).code).toBe(1009);
  });

  test("who does not ask for messages is not sent more than it has room for", async () => {
    await using socket = ws("@live/x", { backpressure: "64kb" });
    await socket.next();
    await socket.send("flood");
    await Bun.sleep(200);
    expect(flooding.getBufferedAmount()).toBeGreaterThan(0);
    for (let n = 0; n < 400; n++) expect(String((await socket.next()).value).length).toBe(40_000);
    expect(flooding.getBufferedAmount()).toBe(0);
  });

  test("TLS, with the authority that the alias names", async () => {
    using authority = new Authority();
    await authority.make("one", { names: ["localhost"] });
    const secure = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: Bun.file(authority.path("one.crt")), key: Bun.file(authority.path("one.key")) },
      fetch: (request, self) => (self.upgrade(request, { data: undefined }) ? undefined : new Response("no")),
      websocket: { message: (socket, message) => void socket.send(message) },
    });
    const ca = await Bun.file(authority.path("one.crt")).text();
    const members = [`localhost:${secure.port}`];
    installAlias(aliasDeclaration("@secure", PROTO_WSS, members, { ssl: { ca } }));
    installAlias(aliasDeclaration("@untrusted", PROTO_WSS, members, {}));
    try {
      await using socket = ws("@secure/x");
      await socket.send("safe");
      expect((await socket.next()).value).toBe("safe");
      await expect(ws("@untrusted/x").opened).rejects.toMatchObject({ code: "BACKEND_NETWORK" });
    } finally {
      await secure.stop(true);
    }
  });

  test("leaving the loop closes", async () => {
    const socket = ws("@live/x");
    for await (const message of socket) {
      expect(message).toBe("[0]");
      break;
    }
    expect((await socket.closed).code).toBe(1000);
  });

  test("wrong places and options", () => {
    expect(() => ws("@nobody/x")).toThrow("@nobody");
    expect(() => ws("@http-only/x")).toThrow("ws or wss");
    expect(() => ws("http://user:secret@host/")).toThrow('"http://host/" is not accepted');
    expect(() => ws("@live/x", { maxMessage: "much" })).toThrow("maxMessage of a websocket");
    for (const timeout of ["soon", -1, Number.POSITIVE_INFINITY])
      expect(() => ws("@live/x", { timeout })).toThrow("timeout of a websocket");
    for (const path of ["/../x", "/a/%2e%2E/x", "/a/..", "/a\r\nx: 1", "/a\\x", "/a\tb"])
      expect(() => ws(`@live${path}`)).toThrow("a path without .. and control characters");
    expect(() => ws(undefined as never)).toThrow("ws or wss");
  });
});
