import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { bodyOf, fixture, headOf, rawExchange } from "./support.ts";

let cli: TestClient;
beforeAll(async () => void (cli = await testClient(fixture("node.ts"))));
afterAll(() => cli.stop());

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly raw: readonly string[];
}

const rawEcho = async (head: string): Promise<Echo> => {
  const answer = await rawExchange(cli.port, `${head}\r\nConnection: close\r\n\r\n`);
  return JSON.parse(Buffer.from(bodyOf(answer), "latin1").toString()) as Echo;
};

/** Asks until the answer is `value`; the test's own timeout ends it. */
async function until(key: string, value: string): Promise<void> {
  while ((await cli.get<Record<string, string>>("/seen")).data[key] !== value) await Bun.sleep(5);
}

describe("Express 5", () => {
  test("[E10] answers JSON, redirects, its own 404 and static files", async () => {
    const json = await cli.post("/json", { a: [1] });
    expect([json.status, json.data]).toEqual([200, { got: { a: [1] }, point: "" }]);
    const go = await cli.get("/go");
    expect([go.status, go.headers.get("location")]).toEqual([302, "/elsewhere"]);
    const missing = await cli.get("/nothing/here");
    expect(missing.status).toBe(404);
    expect(missing.text).toContain("Cannot GET /nothing/here");
    const file = await cli.get("/public/a.txt");
    expect([file.status, file.text, file.headers.get("content-length")]).toEqual([
      200,
      "static of express\n",
      "18",
    ]);
    const part = await cli.get("/public/a.txt", { headers: { range: "bytes=0-5" } });
    expect([part.status, part.text, part.headers.get("content-range")]).toEqual([
      206,
      "static",
      "bytes 0-5/18",
    ]);
    const same = await cli.get("/public/a.txt", { headers: { "if-none-match": file.headers.get("etag")! } });
    expect([same.status, same.text]).toEqual([304, ""]);
  });

  test("[E10] sets several cookies", async () => {
    const { headers } = await cli.get("/cookies");
    expect(headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2; Path=/; HttpOnly"]);
  });

  test("[E10] its error middleware gets sync and async errors", async () => {
    const thrown = await cli.get("/throws");
    expect([thrown.status, thrown.data]).toEqual([500, { handled: "express boom" }]);
    const rejected = await cli.get("/rejects");
    expect([rejected.status, rejected.data]).toEqual([418, { handled: "express teapot" }]);
  });

  test("[E10] HEAD has the length of GET and no body", async () => {
    const head = await rawExchange(cli.port, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(new Map(headOf(head)).get("content-length")).toBe("11");
    expect(head).toEndWith("\r\n\r\n");
  });

  test("[E10] streams, with the context of its request in later callbacks", async () => {
    const { text, headers } = await cli.get("/stream");
    expect(text).toBe("one true three");
    expect(headers.get("content-length")).toBeNull();
  });

  test("[E10] sees the client as the other end", async () => {
    const { data } = await cli.get<Record<string, unknown>>("/ip", { headers: { host: "shop.example" } });
    expect(data).toEqual({
      ip: "127.0.0.1",
      remoteAddress: "127.0.0.1",
      remotePort: expect.any(Number) as number,
      remoteFamily: "IPv4",
      protocol: "http",
      host: "shop.example",
    });
    expect(data["remotePort"]).toBeGreaterThan(1023);
  });

  test("[E10] a client that goes away closes the response, before and after its head", async () => {
    for (const path of ["/hang", "/hang?start=1"]) {
      const socket = connect(cli.port, "127.0.0.1");
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await until("hang", "open");
      if (path.includes("start")) await new Promise((resolve) => socket.once("data", resolve));
      socket.destroy();
      await until("hang", "closed");
      await until("socket", "closed");
    }
    while (!/GET \/hang 1\.1 0 499 0 .*\n(.*\n)*.*GET \/hang\?start=1 1\.1 0 200 7 /.test(cli.output))
      await Bun.sleep(5);
    expect(cli.output).not.toContain("AbortError");
  });
});

describe("headers", () => {
  test("[E10] the app sees what the client sent and nothing else", async () => {
    const bare = await rawEcho("GET /echo HTTP/1.1\r\nHost: a.example:80");
    expect(bare.headers).toEqual({ host: "a.example:80", connection: "close" });
    expect(bare.raw).toEqual(["host", "a.example:80", "connection", "close"]);
    const full = await rawEcho(
      [
        "POST /echo/x%2Fy%20z/caf%C3%A9?q=%2B&q=a+b HTTP/1.1",
        "Host: b.example",
        "User-Agent: me",
        "Cookie: a=1",
        "Cookie: b=2",
        "X-Two: 1",
        "X-Two: 2",
        "X-Latin: caf\xe9",
        "X-Skitai-Ticket: forged",
        "Content-Length: 0",
      ].join("\r\n"),
    );
    expect([full.method, full.url]).toEqual(["POST", "/echo/x%2Fy%20z/caf%C3%A9?q=%2B&q=a+b"]);
    expect(full.headers).toEqual({
      host: "b.example",
      "user-agent": "me",
      cookie: "a=1; b=2",
      "x-two": "1, 2",
      "x-latin": "caf\xe9",
      "x-skitai-ticket": "forged",
      "content-length": "0",
      connection: "close",
    });
  });

  test("[E10] a body that Bun dropped is not announced, else parsers would wait for it", async () => {
    const answer = await rawExchange(
      cli.port,
      "GET /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    );
    expect((JSON.parse(bodyOf(answer)) as Echo).headers).toEqual({
      host: "x",
      "content-type": "application/json",
      connection: "close",
    });
  });

  test("[E10] methods arrive as they are", async () => {
    for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "QUERY"]) {
      const { data } = await cli.request<Echo>(method, "/echo");
      expect(data.method).toBe(method);
    }
  });

  test("[E10] answers keep duplicates, and lose what concerns the bridge's connection", async () => {
    const answer = await rawExchange(
      cli.port,
      "GET /plain/duplicates HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    const head = headOf(answer);
    const named = (name: string) => head.filter(([each]) => each === name).map(([, value]) => value);
    expect(named("set-cookie")).toEqual(["a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT"]);
    expect(named("x-two")).toEqual(["a, b"]);
    expect(named("content-length")).toEqual(["5"]);
    expect([named("keep-alive"), named("transfer-encoding")]).toEqual([[], []]);
    expect(named("date")).toHaveLength(1);
    // The app says `Connection: close`; that is not the client's connection.
    expect((await cli.get("/plain/duplicates")).headers.get("connection")).not.toBe("close");
  });

  test("[E10] no type is added to an answer without one", async () => {
    const { headers, text } = await cli.get("/plain/typeless");
    expect(headers.get("content-type")).toBeNull();
    expect(text).toBe("<h1>sniffed</h1>");
  });
});

describe("Koa, Fastify, plain functions", () => {
  test("[E10] Koa's callback and a Koa instance", async () => {
    const callback = await cli.get("/koa/a/b?c=d");
    expect(callback.data).toEqual({ path: "/a/b", search: "?c=d", ip: "127.0.0.1", point: "/koa" });
    expect(callback.headers.get("x-after")).toBe("200");
    expect((await cli.get("/koa2/")).data).toMatchObject({ path: "/", point: "/koa2" });
    expect((await cli.get("/koa/missing")).status).toBe(404);
  });

  test("[E10] a Fastify instance and its routing", async () => {
    expect((await cli.get("/fastify/users/7")).data).toEqual({ id: "7", ip: "127.0.0.1" });
    expect((await cli.post("/fastify/sum", [1, 2, 3])).text).toBe("6");
    const missing = await cli.get("/fastify/none");
    expect([missing.status, missing.data]).toEqual([404, { fastify: "nothing" }]);
    expect((await cli.get("/routed/")).text).toBe("routed");
  });

  test("[E10] what a plain function throws or rejects with is the engine's to answer", async () => {
    const thrown = await cli.get<{ status: number }>("/plain/throws");
    expect([thrown.status, thrown.headers.get("content-type")]).toEqual([502, "application/problem+json"]);
    const rejected = await cli.get("/failing/");
    expect([rejected.status, rejected.text]).toEqual([500, "own: plain rejection"]);
  });

  test("[E10] an app that cuts its connection cuts the answer", async () => {
    expect((await cli.get("/plain/destroyed")).status).toBe(500);
    const cut = await rawExchange(cli.port, "GET /plain/cut HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(cut).toContain("half");
    expect(cut).not.toContain("0\r\n\r\n");
  });
});

describe("bodies", () => {
  test("[E10] an upload is seen piece by piece", async () => {
    const answered = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(Buffer.from("abc"));
        await answered.promise;
        controller.enqueue(Buffer.from("defgh"));
        controller.close();
      },
    });
    const response = await fetch(`${cli.url}/plain/upload`, { method: "POST", body });
    const reader = response.body!.getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    // Only what was answered to the first piece lets the second go.
    expect(await next()).toBe("3;");
    answered.resolve();
    expect(await next()).toStartWith("5;");
  });

  test("[E10] a long answer arrives whole, as does a long upload", async () => {
    const long = await cli.get("/plain/long");
    expect(long.bytes.length).toBe(3 * 1024 * 1024);
    const read = await cli.post("/plain/read", new Uint8Array(5_000_000));
    expect(read.text).toBe("5000000");
  });

  test("[E10] an answer before the upload is read reaches the client", async () => {
    const { status, text } = await cli.post("/plain/early", new Uint8Array(4_000_000));
    expect([status, text]).toEqual([403, "not you"]);
  });

  test("[E11] limits of the mount hold for announced and for chunked bodies", async () => {
    expect((await cli.post("/plain/read", new Uint8Array(9_000_000))).status).toBe(413);
    const body = new Blob([new Uint8Array(9_000_000)]).stream();
    expect((await cli.request("POST", "/plain/read", { body })).status).toBe(413);
  });
});

describe("the bridge", () => {
  test("[E10] 400 requests at once do not queue behind fetch's limit", async () => {
    const sockets = Array.from({ length: 400 }, () =>
      rawExchange(
        cli.port,
        `GET /plain/together HTTP/1.1\r\nHost: x\r\nX-Count: 400\r\nConnection: close\r\n\r\n`,
      ),
    );
    const answers = await Promise.all(sockets);
    expect(answers.filter((answer) => answer.startsWith("HTTP/1.1 200"))).toHaveLength(400);
    expect(JSON.parse((await cli.get("/plain/most")).text)).toEqual({ url: "/most", most: 400 });
  });

  test("[E10] has no socket file, and a stranger on its socket gets nothing", async () => {
    const names = await abstractNames(cli.pid!);
    expect(names).toHaveLength(7);
    for (const name of names) {
      const stranger = fetch("http://localhost/empty", {
        unix: `\0${name}`,
        headers: { "x-skitai-ticket": "1" },
      });
      expect(await stranger.catch((error: Error & { code: string }) => error.code)).toBe("ECONNRESET");
    }
  });

  test("[E10] nothing of it is left after kill -9", async () => {
    const own = await testClient(fixture("node.ts"));
    const names = await abstractNames(own.pid!);
    expect(names).toHaveLength(7);
    process.kill(-own.pid!, "SIGKILL");
    await own.stop();
    const left = await Bun.file("/proc/net/unix").text();
    expect(names.filter((name) => left.includes(name))).toEqual([]);
  });
});

/** Names of abstract sockets (unix(7)) that the workers of a master listen on. */
async function abstractNames(master: number): Promise<string[]> {
  const workers = (await Bun.file(`/proc/${master}/task/${master}/children`).text()).trim().split(" ");
  const inodes = new Set(
    workers.flatMap((pid) =>
      readdirSync(`/proc/${pid}/fd`).map(
        (fd) => linkOf(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1],
      ),
    ),
  );
  const lines = (await Bun.file("/proc/net/unix").text()).split("\n").map((line) => line.trim().split(/\s+/));
  // Fields: slot, references, protocol, flags (10000: listens), type, state, inode, path.
  return lines.flatMap(([, , , flags, , , inode, path]) =>
    flags === "00010000" && inodes.has(inode) && path?.startsWith("@skitai-") ? path.slice(1) : [],
  );
}

/** Where a descriptor leads; it may be closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
