import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { aliasDeclaration, type AliasOptions } from "../../src/config/alias-options.ts";
import { type Ask, method, type Send } from "../../src/corequest/http-calls.ts";
import { STA_NETERR, STA_NORMAL, STA_REQFAIL, STA_TIMEOUT, STA_UNSENT } from "../../src/corequest/status.ts";
import type { SkitaiError } from "../../src/errors.ts";
import { clusterOf, installAlias } from "../../src/upstream/clusters.ts";

const get = method<Ask>("GET");
const askHead = method<Ask>("HEAD");
const post = method<Send>("POST");
const upload = method<Send>("POST", true);
let names = 0;
/** A new alias each time: what one test does to a member is nothing to the others. */
function alias(members: string | readonly string[], options: AliasOptions = {}): string {
  const name = `@http-${++names}` as const;
  installAlias(aliasDeclaration(name, "http", members, options));
  return name;
}

let server: ReturnType<typeof Bun.serve>;
const seen: string[] = [];

async function echo(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  seen.push(pathname);
  if (pathname === "/away") return Response.redirect(`http://localhost:${search.slice(1)}/`, 302);
  if (pathname === "/moved") {
    await request.text();
    return Response.redirect("/target", Number(search.slice(1)));
  }
  if (pathname === "/redirect") return Response.redirect("/target", 302);
  if (pathname === "/gzip") return coded(gzipSync('{"coded":"gzip"}'), "gzip");
  if (pathname === "/zstd") return coded(zstdCompressSync('{"coded":"zstd"}'), "zstd");
  if (pathname === "/bomb") return coded(gzipSync(Buffer.alloc(4 * 1024 ** 2)), "gzip");
  if (pathname === "/bad-json") return new Response("{", { headers: { "content-type": "application/json" } });
  if (pathname === "/text") return new Response("plain");
  if (pathname === "/bytes") return new Response(Uint8Array.of(1, 2));
  if (pathname === "/nothing")
    return new Response(request.method === "HEAD" ? "some" : "", {
      headers: { "content-type": decodeURIComponent(search.slice(1)) },
    });
  if (pathname === "/empty") return new Response(null, { status: 204 });
  if (pathname === "/form") {
    const form = await request.formData();
    return Response.json(Object.fromEntries([...form].map(([k, v]) => [k, v instanceof Blob ? v.size : v])));
  }
  const headers = Object.fromEntries(request.headers);
  return Response.json({
    method: request.method,
    path: pathname + search,
    headers,
    body: await request.text(),
  });
}
const coded = (body: Uint8Array, coding: string): Response =>
  new Response(body as Uint8Array<ArrayBuffer>, {
    headers: { "content-type": "application/json", "content-encoding": coding },
  });

interface Echo {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

beforeAll(() => {
  server = Bun.serve({ port: 0, fetch: echo });
});
afterAll(() => server.stop(true));

const local = (): string => `127.0.0.1:${server.port}`;

describe("[Q2] what is sent", () => {
  test("JSON by default; an object of GET is the query", async () => {
    const to = alias(local());
    const asked = await get<Echo>(`${to}/a?x=1`, { q: "a b", list: [1, 2], none: undefined });
    expect([asked.path, asked.headers["accept"]]).toEqual(["/a?x=1&q=a+b&list=1&list=2", "application/json"]);
    const sent = await post<Echo>(`${to}/b`, { name: "Ann" });
    expect([sent.method, sent.headers["content-type"], sent.body]).toEqual([
      "POST",
      "application/json",
      '{"name":"Ann"}',
    ]);
  });

  test("every method", async () => {
    const to = alias(local());
    for (const name of ["PUT", "PATCH", "DELETE", "OPTIONS"] as const)
      expect(await method<Send>(name)<Echo>(`${to}/m`)).toMatchObject({ method: name });
  });

  test("headers go over the defaults: a form, text, own types", async () => {
    const to = alias(local());
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "text/xml" };
    const form = await post<Echo>(`${to}/b`, { a: 1, b: ["x", "y"] }, { headers });
    expect([form.body, form.headers["accept"]]).toEqual(["a=1&b=x&b=y", "text/xml"]);
    const text = await post<Echo>(`${to}/b`, "hello");
    expect([text.body, text.headers["content-type"]]).toEqual(["hello", "text/plain;charset=utf-8"]);
    const params = await post<Echo>(`${to}/b`, new URLSearchParams({ q: "ü" }));
    expect(params.body).toBe("q=%C3%BC");
  });

  test("upload sends fields and files; a stream is sent as it comes", async () => {
    const to = alias(local());
    expect(await upload(`${to}/form`, { field: "x", file: new Blob(["12345"]) })).toEqual({
      field: "x",
      file: 5,
    });
    const form = new FormData();
    form.append("field", "y");
    expect(await upload(`${to}/form`, form)).toEqual({ field: "y" });
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode("streamed"));
        controller.close();
      },
    });
    expect((await post<Echo>(`${to}/b`, stream)).body).toBe("streamed");
  });

  test("user and password of a member, its base path, a Unix socket", async () => {
    const to = alias(`ann:s%20ecret@${local()}/base`);
    const { path, headers } = await get<Echo>(`${to}/a`);
    expect([path, headers["authorization"]]).toEqual(["/base/a", `Basic ${btoa("ann:s ecret")}`]);
    const unix = `/tmp/skitai-http-${process.pid}.sock`;
    const listener = Bun.serve({ unix, fetch: echo });
    expect(await get<Echo>(`${alias(`unix:${unix}`)}/u`)).toMatchObject({ path: "/u" });
    await listener.stop(true);
  });

  test("data that JSON cannot say is refused, nothing is sent", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(() => post(`${alias(local())}/b`, circle)).toThrow(/what JSON can say/);
  });
});

describe("[Q2] what comes back", () => {
  test("JSON, text, bytes, nothing; codings are taken off", async () => {
    const to = alias(local());
    expect(await get(`${to}/text`)).toBe("plain");
    expect(await get(`${to}/bytes`)).toEqual(Uint8Array.of(1, 2));
    expect(await get(`${to}/empty`).dispatch()).toMatchObject({ statusCode: 204, data: undefined });
    for (const [type, method] of [
      ["text/plain", "GET"],
      ["application/json", "GET"],
      ["application/octet-stream", "GET"],
      ["", "GET"],
      ["text/plain", "HEAD"],
      ["image/png", "HEAD"],
    ] as const) {
      const result = await (method === "GET" ? get : askHead)(`${to}/nothing?${type}`).dispatch();
      expect([type, result.data, result.text()]).toEqual([type, undefined, ""]);
    }
    expect(await get(`${to}/gzip`)).toEqual({ coded: "gzip" });
    expect(await get(`${to}/zstd`)).toEqual({ coded: "zstd" });
  });

  test("redirects are followed, or not", async () => {
    const to = alias(local());
    expect(await get<Echo>(`${to}/redirect`)).toMatchObject({ path: "/target" });
    const result = await get(`${to}/redirect`, undefined, { redirect: "manual" }).dispatch();
    expect([result.statusCode, result.headers.get("location")]).toEqual([302, "/target"]);
  });

  test("calls of an alias are not led to another origin, which would see what is for the members", async () => {
    const seen: string[] = [];
    const stranger = Bun.serve({ port: 0, fetch: ({ url }) => (seen.push(url), Response.json("stranger")) });
    try {
      const to = alias(local());
      const away = `/away?${stranger.port}`;
      const result = await get(`${to}${away}`, undefined, { headers: { "x-api-key": "secret" } }).dispatch();
      expect([result.statusCode, result.headers.get("location"), seen]).toEqual([
        302,
        `http://localhost:${stranger.port}/`,
        [],
      ]);
      expect(await get(`http://${local()}${away}`)).toBe("stranger");
    } finally {
      await stranger.stop(true);
    }
  });

  test("what is sent after a redirect: a POST asks, unless it is told to be a POST again", async () => {
    const to = alias(local());
    const again = (status: number) => post<Echo>(`${to}/moved?${status}`, { a: 1 });
    for (const status of [301, 302, 303])
      expect(await again(status)).toMatchObject({ method: "GET", path: "/target", body: "" });
    for (const status of [307, 308])
      expect(await again(status)).toMatchObject({ method: "POST", path: "/target", body: '{"a":1}' });
    const body = (): ReadableStream<Uint8Array> => new Blob(["once"]).stream();
    expect((await post(`${to}/moved?307`, body()).dispatch()).statusCode).toBe(307);
    expect(await post<Echo>(`${to}/moved?303`, body())).toMatchObject({ method: "GET" });
  });

  test("an answer that is too large, also behind a coding, and one that is no JSON", async () => {
    const to = alias(local());
    for (const path of ["/text", "/bomb"]) {
      const result = await get(`${to}${path}`, undefined, {
        maxBytes: path === "/text" ? 3 : 1024 ** 2,
      }).dispatch();
      expect([result.status, result.reason]).toEqual([STA_REQFAIL, expect.stringContaining("at most")]);
    }
    const bad = await get(`${to}/bad-json`).dispatch();
    expect([bad.status, bad.statusCode, bad.reason]).toEqual([
      STA_REQFAIL,
      731,
      expect.stringContaining("JSON"),
    ]);
    expect(clusterOf(to, ["http"]).members[0]!.failures).toBe(0);
  });

  test("a stream is given as it is", async () => {
    const body = await get<ReadableStream<Uint8Array>>(`${alias(local())}/text`, undefined, { stream: true });
    expect(await new Response(body).text()).toBe("plain");
  });
});

/** A peer that does with each connection what it is told. */
async function peer(
  behave: (socket: Socket, connection: number) => void,
): Promise<{ server: Server; place: string }> {
  let connections = 0;
  const listener = createServer((socket) => {
    socket.on("error", () => {});
    behave(socket, connections++);
  });
  await new Promise<void>((listening) => listener.listen(0, "127.0.0.1", listening));
  const address = listener.address() as { port: number };
  return { server: listener, place: `127.0.0.1:${address.port}` };
}

const head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n";
const errorOf = (task: PromiseLike<unknown>): Promise<SkitaiError> =>
  Promise.resolve(task).then(
    () => Promise.reject(new Error("it was to fail")),
    (error) => error as SkitaiError,
  );

describe("[Q9] peers that fail", () => {
  test("reset in the middle of a body, a length that is a lie, garbage", async () => {
    for (const behave of [
      (socket: Socket) =>
        socket.write(`${head}content-length: 100\r\n\r\nhalf`, () => socket.resetAndDestroy()),
      (socket: Socket) => socket.end(`${head}content-length: 100\r\n\r\nhalf`),
      (socket: Socket) => socket.end("this is no HTTP\r\n\r\n"),
    ]) {
      const { server: listener, place } = await peer((socket) =>
        socket.once("data", () => void behave(socket)),
      );
      const result = await post(`${alias(place)}/x`, {}).dispatch();
      expect([result.status, result.data]).toEqual([STA_NETERR, undefined]);
      expect(result.error).toMatchObject({ code: "BACKEND_NETWORK", status: 502, member: place });
      listener.close();
    }
  });

  test("one that accepts and says nothing: the timeout ends it, and its connection", async () => {
    const closed = Promise.withResolvers<void>();
    const { server: listener, place } = await peer((socket) =>
      socket.on("close", () => closed.resolve()).resume(),
    );
    const result = await get(`${alias(place)}/x`).dispatch({ timeout: 0.1 });
    expect(result.status).toBe(STA_TIMEOUT);
    await closed.promise;
    listener.close();
  });

  test("silent longer than firstByteTimeout: another member answers", async () => {
    const { server: listener, place } = await peer((socket) => void socket.resume());
    const to = alias([`${place} 1000000`, local()]);
    expect(await get<Echo>(`${to}/x`, undefined, { firstByteTimeout: 0.1 })).toMatchObject({ path: "/x" });
    expect(clusterOf(to, ["http"]).members[0]!.failures).toBe(1);
    listener.close();
  });

  test("a name that nobody knows, TLS with a server that has none, a certificate nobody trusts", async () => {
    expect(await errorOf(get("http://nobody.invalid/"))).toMatchObject({
      code: "BACKEND_UNSENT",
      alias: "http://nobody.invalid",
    });
    expect((await errorOf(get(`https://${local()}/`))).message).toContain("certificate");
  });

  test("an unknown alias, one of another type, and no URL at all", () => {
    alias(local());
    expect(() => get("@htp-1/x")).toThrow(/"@htp-1".*accepted: @http-/);
    installAlias(aliasDeclaration("@http-database", "sqlite3", ":memory:", {}));
    expect(() => get("@http-database/x")).toThrow(/sqlite3.*http or https/);
    expect(() => get("@http-1/x", undefined, { timout: 3 } as never)).toThrow(
      "was.get timout: unknown option, did you mean timeout?",
    );
    expect(() => post("@http-1/x", {}, { json: true } as never)).toThrow(
      /was\.post json: unknown option, known are useCache,/,
    );
    expect(() => get("ftp://user:secret@host/")).toThrow(/ftp:\/\/host.*http or https/);
  });
});

describe("[Q5] fail-over", () => {
  test("a member that is down is left out, for any method", async () => {
    const to = alias(["127.0.0.1:1 1000000", local()]);
    expect(await post<Echo>(`${to}/x`, { a: 1 })).toMatchObject({ body: '{"a":1}' });
    seen.length = 0;
    for (let i = 0; i < 5; i++) await get(`${to}/again`);
    expect(seen).toHaveLength(5);
    expect(clusterOf(to, ["http"]).members[0]!.failures).toBe(1);
  });

  test("what may have arrived is sent again for GET, never for POST", async () => {
    let arrived = 0;
    const { server: listener, place } = await peer((socket) =>
      socket.once("data", () => {
        arrived++;
        socket.resetAndDestroy();
      }),
    );
    expect(await get<Echo>(`${alias([`${place} 1000000`, local()])}/x`)).toMatchObject({ method: "GET" });
    const before = arrived;
    seen.length = 0;
    const result = await post(`${alias([`${place} 1000000`, local()])}/only-once`, {}).dispatch();
    expect([result.status, arrived - before, seen]).toEqual([STA_NETERR, 1, []]);
    listener.close();
  });

  test("map asks every member and keeps their order, failures included", async () => {
    const to = alias([local(), "127.0.0.1:1", local()]);
    const results = await get.map(`${to}/x`).dispatch();
    expect(results.map(({ status }) => status)).toEqual([STA_NORMAL, STA_UNSENT, STA_NORMAL]);
    expect(await errorOf(get.map(`${to}/x`).fetch())).toMatchObject({ member: "127.0.0.1:1" });
  });

  test("Retry-After is respected when asked for, in time, and never for POST", async () => {
    let asked = 0;
    const busy = Bun.serve({
      port: 0,
      fetch: () =>
        asked++ === 0
          ? new Response(null, { status: 503, headers: { "retry-after": "0" } })
          : new Response("in"),
    });
    const to = alias(`127.0.0.1:${busy.port}`);
    expect((await get(`${to}/x`).dispatch()).statusCode).toBe(503);
    asked = 0;
    expect(await get(`${to}/x`, undefined, { retries: 2 })).toBe("in");
    asked = 0;
    expect((await post(`${to}/x`, {}, { retries: 2 }).dispatch()).statusCode).toBe(503);
    await busy.stop(true);
  });
});
