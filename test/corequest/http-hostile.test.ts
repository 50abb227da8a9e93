import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { aliasDeclaration } from "../../src/config/alias-options.ts";
import { type Ask, method, type Send } from "../../src/corequest/http-calls.ts";
import { jsonrpcStub } from "../../src/corequest/jsonrpc-stub.ts";
import { STA_REQFAIL, STA_TIMEOUT } from "../../src/corequest/status.ts";
import { clusterOf, installAlias } from "../../src/upstream/clusters.ts";

const get = method<Ask>("GET");
const post = method<Send>("POST");
let names = 0;
function alias(...members: string[]): string {
  const name = `@hostile-${++names}` as const;
  installAlias(aliasDeclaration(name, "http", members, {}));
  return name;
}

/** Sends more than it says, for ever. */
function liar(): Promise<Server> {
  const listener = createServer((socket) => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const more = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on("error", () => {}).on("drain", more);
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n");
      more();
    });
  });
  return new Promise((resolve) => listener.listen(0, "127.0.0.1", () => resolve(listener)));
}

let server: ReturnType<typeof Bun.serve>;
beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname, search } = new URL(request.url);
      if (pathname === "/round") return Response.redirect("/round", 302);
      if (pathname === "/broken") return new Response("no gzip", { headers: { "content-encoding": "gzip" } });
      if (pathname === "/silent") return new Promise<never>(() => {});
      if (request.method === "POST")
        return Response.json({ jsonrpc: "2.0", id: 1, result: request.headers.get("authorization") });
      return Response.json({ path: pathname + search, user: request.headers.get("authorization") });
    },
  });
});
afterAll(() => server.stop(true));
const place = (): string => `127.0.0.1:${server.port}`;

describe("[Q5] what clients do is no failure of a member", () => {
  const failures = (name: string): number[] => clusterOf(name, ["http"]).members.map((each) => each.failures);

  test("a header that cannot be sent", async () => {
    const to = alias(place(), place());
    const result = await get(`${to}/x`, undefined, { headers: { "x-name": "a\r\nx-evil: 1" } }).dispatch();
    expect(result.error).toMatchObject({ code: "BACKEND_FAILED" });
    expect([result.status, result.statusCode, ...failures(to)]).toEqual([STA_REQFAIL, 731, 0, 0]);
  });

  test("an upload whose client goes away", async () => {
    const to = alias(place());
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new DOMException("The connection was closed.", "AbortError")),
    });
    const result = await post(`${to}/x`, body).dispatch();
    expect(result.error).toMatchObject({ code: "BACKEND_FAILED" });
    expect([result.status, ...failures(to)]).toEqual([STA_REQFAIL, 0]);
  });

  test("redirections without end, and what is not coded as it says", async () => {
    const to = alias(place());
    for (const path of ["/round", "/broken"]) {
      const result = await get(to + path).dispatch();
      expect(result.error).toMatchObject({ code: "BACKEND_FAILED", status: 502 });
      expect([result.status, ...failures(to)]).toEqual([STA_REQFAIL, 0]);
    }
  });
});

describe("[Q2] places made of what clients say", () => {
  test("none leaves the path that is written before it, nor loses what it holds", () => {
    const to = alias(`${place()}/base`);
    for (const path of ["../admin", "pets/..", "%2e%2e/admin", ".%2E", "..\\admin", "a\tb", "a\r\nb"])
      expect(() => get(`${to}/${path}`)).toThrow(/call.*accepted/);
  });

  test("dots in names and queries stay", async () => {
    const to = alias(`${place()}/base`);
    for (const path of ["/a..b", "/...", "/x?next=/../y", "/a%2Fb"])
      expect(await get(to + path)).toMatchObject({ path: `/base${path}` });
  });

  test("passwords and queries of a URL that is refused are not told", () => {
    for (const url of ["ftp://user:p@ss@host/", "http://user:pa/ss@host:99999/?token=pass"])
      expect(() => get(url)).toThrow(/^(?!.*(?:ss|user)).*http or https/);
  });

  test("something that is no text", () => expect(() => get(undefined as never)).toThrow(/call.*@alias/));
});

test("[Q2] a length that is said beside chunks does not lift the limit", async () => {
  const listener = await liar();
  const { port } = listener.address() as { port: number };
  const result = await get(`http://127.0.0.1:${port}/`, undefined, { maxBytes: 1_000_000 }).dispatch();
  listener.close();
  expect(result.error?.message).toContain("at most 1000000 bytes");
});

test("[Q6] a result that is kept is for the user of the URL, and for no other", async () => {
  const ask = (user: string): Promise<unknown> =>
    get<{ user: string }>(`http://${user}@${place()}/me`).fetch({ cache: 60 });
  const rpc = (user: string): Promise<unknown> =>
    jsonrpcStub(`http://${user}@${place()}/rpc`).me!().fetch({ cache: 60 });
  for (const call of [ask, rpc]) {
    const ann = await call("ann:x");
    expect(await call("bob:y")).not.toEqual(ann);
    expect(await call("ann:x")).toEqual(ann);
  }
  expect(await ask(":token")).toMatchObject({ user: `Basic ${btoa(":token")}` });
});

test("[Q9] times that are none are refused, and those that run out tell it", async () => {
  const to = alias(place());
  expect(() => get(`${to}/x`, undefined, { timeout: "soon" })).toThrow(/timeout.*"soon".*accepted/);
  expect(() => get(`${to}/x`, undefined, { firstByteTimeout: -1 })).toThrow(/timeout.*-1.*accepted/);
  expect(() => jsonrpcStub(`${to}/x`, { timeout: "soon" })).toThrow(/timeout.*"soon".*accepted/);
  const late = await post(`${to}/silent`, {}, { firstByteTimeout: 0.1 }).dispatch();
  expect([late.status, late.statusCode]).toEqual([STA_TIMEOUT, 702]);
});

test("[Q6] what one request changes in a kept result, no other sees", async () => {
  const to = alias(place());
  const kept = await get<Record<string, string>>(`${to}/kept`).fetch({ cache: 60 });
  expect(() => void (kept["role"] = "admin")).toThrow(TypeError);
  expect(await get(`${to}/kept`)).not.toHaveProperty("role");
});

test("[Q6] a name that nobody registered is refused by the first call already", () => {
  const to = alias(place());
  expect(() => get(`${to}/x`, undefined, { useCache: "nobody" })).toThrow(/"nobody"/);
});
