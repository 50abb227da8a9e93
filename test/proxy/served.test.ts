import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { TestClient } from "../../src/testing/index.ts";
import { eventually } from "../process/support.ts";
import { exchange } from "../support/raw-connection.ts";
import { Authority } from "../tls/support.ts";
import { proxyTo, RawUpstream } from "./support.ts";

const zipped = gzipSync("zipped ".repeat(100));
const large = Buffer.alloc(3 << 20, "0123456789");

async function answer(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  switch (pathname.replace("/v2", "")) {
    case "/echo":
      return Response.json({
        method: request.method,
        url: pathname + search,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      });
    case "/size":
      return new Response(String((await request.bytes()).byteLength));
    case "/gzip":
      return new Response(zipped, { headers: { "content-encoding": "gzip", "content-type": "text/plain" } });
    case "/204":
      return new Response(null, { status: 204 });
    case "/304":
      return new Response(null, { status: 304, headers: { etag: '"a"' } });
    case "/large":
      return new Response(large);
    case "/cookies": {
      const headers = new Headers({
        connection: "x-inside",
        "x-inside": "secret",
        "keep-alive": "timeout=5",
      });
      headers.append("set-cookie", "a=1; Path=/v2/x; HttpOnly");
      headers.append("set-cookie", "b=2; Path=/");
      return new Response("two", { headers });
    }
    case "/away":
      return new Response(null, { status: 302, headers: { location: "https://other.test/v2/a" } });
    case "/own":
      return new Response(null, {
        status: 302,
        headers: { location: `http://${request.headers.get("host")}/v2/a?b` },
      });
    case "/events":
      return new Response(
        new ReadableStream({
          async pull(controller) {
            controller.enqueue(`data: ${Date.now()}\n\n`);
            await Bun.sleep(700);
          },
        }),
        { headers: { "content-type": "text/event-stream" } },
      );
    default:
      return new Response("?", { status: 404 });
  }
}

interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

let upstream: Bun.Server<undefined>;
let proxy: TestClient;
beforeAll(async () => {
  upstream = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  proxy = await proxyTo([upstream.port!]);
});
afterAll(async () => {
  await proxy.stop();
  await upstream.stop(true);
});

describe("[P1] requests", () => {
  test("paths are mapped below the mount point, queries and bodies stay", async () => {
    const { data } = await proxy.post<Echo>("/search/echo?q=%20x", "body");
    expect(data).toMatchObject({ method: "POST", url: "/v2/echo?q=%20x", body: "body" });
    expect((await proxy.get<Echo>("/echo")).data.url).toBe("/echo");
    expect((await proxy.get("/own")).text).toBe("own");
  });

  test("fields of the connection, and those it lists, are taken off", async () => {
    const fields =
      "Connection: x-mine, close\r\nX-Mine: 1\r\nX-Kept: 2\r\nTE: trailers\r\nProxy-Authorization: x\r\n";
    const { body } = await exchange(proxy.port, `GET /echo HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`);
    const { headers } = JSON.parse(body) as Echo;
    expect(headers).toMatchObject({ "x-kept": "2", host: `127.0.0.1:${upstream.port}` });
    for (const name of ["x-mine", "te", "proxy-authorization"]) expect(headers).not.toHaveProperty(name);
  });

  test("a trusted peer's forwarding fields go on, with this hop behind them", async () => {
    const headers = {
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-proto": "https",
      forwarded: "for=203.0.113.9",
    };
    const { data } = await proxy.get<Echo>("/search/echo", { headers });
    expect(data.headers).toMatchObject({
      "x-forwarded-for": "203.0.113.9, 127.0.0.1",
      "x-forwarded-proto": "https",
      "x-forwarded-prefix": "/search",
      forwarded: `for=203.0.113.9, for=127.0.0.1;host="127.0.0.1:${proxy.port}";proto=https`,
      via: "1.1 skitai",
    });
  });

  test("another peer's are replaced, also those that CGI would take for them", async () => {
    await using strict = await proxyTo([upstream.port!], { args: ["--trusted-proxies=10.0.0.0/8"] });
    const headers = {
      "x-forwarded-for": "203.0.113.9",
      x_forwarded_for: "203.0.113.9",
      "x-real-ip": "203.0.113.9",
      forwarded: "for=x",
    };
    const { data } = await strict.get<Echo>("/echo", { headers });
    expect(data.headers["x-forwarded-for"]).toBe("127.0.0.1");
    expect(JSON.stringify(data.headers)).not.toContain("203.0.113.9");
  });

  test("[L4] ids of the transaction are handed on, and in the log", async () => {
    const headers = { "x-gtxn-id": "GTID-C1-R9", "x-ltxn-id": "1001" };
    const { data } = await proxy.get<Echo>("/echo?ids", { headers });
    expect(data.headers).toMatchObject({ "x-gtxn-id": "GTID-C1-R9", "x-ltxn-id": "2002" });
    expect(data.headers["traceparent"]).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
    await eventually(() => /echo\?ids .*GTID-C1-R9 2001 /.test(proxy.output));
  });

  test("large uploads, with a length and in chunks", async () => {
    expect((await proxy.post("/size", large)).text).toBe(String(large.length));
    const stream = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 30; n++) controller.enqueue(large.subarray(0, 100_000));
        controller.close();
      },
    });
    expect((await proxy.request("POST", "/size", { body: stream })).text).toBe("3000000");
  });

  test("Expect: 100-continue", async () => {
    const request = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi";
    const { body, status } = await exchange(proxy.port, request);
    // Bun says 100 itself.
    expect(status === 100 || JSON.parse(body).body === "hi").toBe(true);
  });

  test("a request that has been here ten times is a 508", async () => {
    const via = Array.from({ length: 10 }, () => "1.1 skitai").join(", ");
    expect((await proxy.get("/echo", { headers: { via } })).status).toBe(508);
    expect((await proxy.get("/echo", { headers: { via: "1.1 skitai, 1.1 skitai" } })).status).toBe(200);
  });

  test("preserveHost", async () => {
    await using kept = await proxyTo([upstream.port!], { options: { preserveHost: true } });
    expect((await kept.get<Echo>("/echo")).data.headers["host"]).toBe(`127.0.0.1:${kept.port}`);
  });
});

describe("[P1] answers", () => {
  test("codings are not touched", async () => {
    const result = await proxy.get("/gzip", { decompress: false });
    expect(result.headers.get("content-encoding")).toBe("gzip");
    expect(Buffer.from(result.bytes).equals(zipped)).toBe(true);
  });

  test("HEAD, 204 and 304 keep what they say and have no body", async () => {
    const head = await exchange(proxy.port, "HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n", { bodyless: true });
    expect(head.headers.get("content-length")).toBe(String(large.length));
    expect((await proxy.get("/204")).status).toBe(204);
    const same = await proxy.get("/304");
    expect([same.status, same.headers.get("etag")]).toEqual([304, '"a"']);
  });

  test("several cookies stay several, with the paths that they have here", async () => {
    const { headers } = await proxy.get("/search/cookies");
    expect(headers.getSetCookie()).toEqual(["a=1; Path=/search/x; HttpOnly", "b=2; Path=/search/"]);
    for (const name of ["x-inside", "keep-alive"]) expect(headers.has(name)).toBe(false);
  });

  test("Location: the upstream's own is mapped, any other stays", async () => {
    expect((await proxy.get("/search/own")).headers.get("location")).toBe("/search/a?b");
    expect((await proxy.get("/search/away")).headers.get("location")).toBe("https://other.test/v2/a");
  });

  test("a small answer has its length, a large one is whole", async () => {
    expect((await proxy.get("/size")).headers.get("content-length")).toBe("1");
    expect(Buffer.from((await proxy.get("/large")).bytes).equals(large)).toBe(true);
  });

  test("a quiet stream of events is not cut by the time of the alias", async () => {
    await using short = await proxyTo([upstream.port!], { options: { timeout: 0.3 } });
    const { body } = await fetch(`${short.url}/events`);
    const reader = body!.getReader();
    for (let n = 0; n < 3; n++)
      expect(Buffer.from((await reader.read()).value!).toString()).toStartWith("data: ");
    await reader.cancel();
  });
});

describe("[P1] other ways to a member", () => {
  test("a Unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "proxy-"));
    const unix = join(folder, "up.sock");
    const server = Bun.serve({ unix, fetch: answer });
    try {
      await using own = await proxyTo([`unix:${unix}`]);
      expect((await own.get<Echo>("/echo")).data.headers["host"]).toBe("localhost");
    } finally {
      await server.stop(true);
      rmSync(folder, { recursive: true });
    }
  });

  test("TLS: who the certificate is for, and who signed it, is looked at; HTTP/2 where it is asked for", async () => {
    using authority = new Authority();
    await authority.make("ca");
    await authority.make("up.test", { by: "ca" });
    const read = (file: string): Promise<string> => Bun.file(authority.path(file)).text();
    const [cert, key, ca] = await Promise.all(["up.test.crt", "up.test.key", "ca.crt"].map(read));
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { cert, key },
      http2: true,
      fetch: answer,
    } as never);
    const status = async (ssl: object | boolean, more: object = {}): Promise<number> => {
      await using own = await proxyTo([server.port!], { type: "https", options: { ssl, ...more } });
      return (await own.post("/echo", "hi")).status;
    };
    try {
      expect(await status({ ca, serverName: "up.test" })).toBe(200);
      expect(await status({ ca, serverName: "other.test" })).toBe(502);
      expect(await status({ ca })).toBe(502);
      expect(await status({ serverName: "up.test" })).toBe(502);
      expect(await status({ rejectUnauthorized: false })).toBe(200);
      expect(await status({ ca, serverName: "up.test" }, { protocol: "http2" })).toBe(200);
      expect(await status({ ca, serverName: "other.test" }, { protocol: "http2" })).toBe(502);
    } finally {
      await server.stop(true);
    }
  }, 20_000);
});

test("[P1] readers that are slow cost little memory, and stop the upstream", async () => {
  let written = 0;
  await using endless = await RawUpstream.start(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${10 << 20}\r\n\r\n`);
    const part = Buffer.alloc(64 << 10);
    const more = (): void => {
      for (let n = 0; n < 16 && socket.write(part); n++) written += part.length;
    };
    socket.on("drain", more);
    more();
  });
  await using own = await proxyTo([endless.port]);
  const workers = await Bun.$`pgrep -P ${own.pid!}`.text();
  const [worker] = workers.trim().split("\n");
  const rss = async (): Promise<number> => {
    const status = await Bun.file(`/proc/${worker}/status`).text();
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
  };
  const idle = await rss();
  const open = Array.from({ length: 100 }, () =>
    Bun.connect({
      hostname: "127.0.0.1",
      port: own.port,
      socket: {
        open(socket) {
          socket.pause();
          socket.write("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        },
        data: () => {},
      },
    }),
  );
  const sockets = await Promise.all(open);
  await eventually(() => endless.requests === 100);
  let before = -1;
  await eventually(async () => {
    const same = before === written;
    before = written;
    await Bun.sleep(300);
    return same;
  });
  const grown = (await rss()) - idle;
  for (const socket of sockets) socket.terminate();
  expect(written).toBeLessThan(100 * (10 << 20));
  expect(grown).toBeLessThan(64);
  await eventually(() => endless.peers.every(({ closed }) => closed));
}, 15_000);

test("[P2] a member that restarts again and again loses no request, beside another", async () => {
  const serve = (port: number): Bun.Server<undefined> =>
    Bun.serve({ port, hostname: "127.0.0.1", fetch: async () => (await Bun.sleep(2), new Response("ok")) });
  let moving = serve(0);
  const steady = serve(0);
  await using own = await proxyTo([moving.port!, steady.port!]);
  let running = true;
  const statuses = new Map<number, number>();
  const client = async (): Promise<void> => {
    while (running) {
      const { status } = await own.get("/");
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const clients = Array.from({ length: 16 }, client);
  for (let n = 0; n < 8; n++) {
    await Bun.sleep(100);
    const { port } = moving;
    await moving.stop();
    moving = serve(port!);
  }
  running = false;
  await Promise.all(clients);
  await Promise.all([moving.stop(true), steady.stop(true)]);
  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(100);
}, 15_000);

test("[P1] an upload waits for an upstream that does not read", async () => {
  await using upstream = await RawUpstream.start(({ socket }) => void socket.pause());
  await using own = await proxyTo([upstream.port], { options: { timeout: 10 } });
  let pulled = 0;
  const part = new Uint8Array(1 << 16);
  const body = new ReadableStream({
    async pull(controller) {
      await Bun.sleep(0);
      if (pulled >= 200 << 20) return controller.close();
      pulled += part.length;
      controller.enqueue(part);
    },
  });
  const given = new AbortController();
  const result = fetch(`${own.url}/x`, { method: "POST", body, signal: given.signal }).catch(() => {});
  let before = -1;
  await eventually(async () => {
    const same = before === pulled && pulled > 0;
    before = pulled;
    await Bun.sleep(200);
    return same;
  });
  expect(pulled).toBeLessThan(100 << 20);
  given.abort();
  upstream.peers[0]!.socket.resume();
  await eventually(() => upstream.peers[0]!.closed);
  await result;
}, 15_000);
