import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PROTO_HTTP, RpcFault, STA_NORMAL, STA_REQFAIL, STA_UNSENT, was } from "../../src/index.ts";
import { parseMember } from "../../src/config/members.ts";
import { installAlias } from "../../src/upstream/clusters.ts";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import type { Api } from "../rpc/fixtures/serve.ts";
import { fixture, peer } from "../rpc/support.ts";
import { eventually } from "../support/log-lines.ts";

let server: TestClient;
let front: TestClient;
beforeAll(async () => {
  server = await testClient(new URL("../rpc/fixtures/serve.ts", import.meta.url));
  const env = { BACKEND: `127.0.0.1:${server.port}` };
  front = await testClient(new URL("./fixtures/rpc-front.ts", import.meta.url), undefined, { env });
});
afterAll(async () => {
  await front?.stop();
  await server.stop();
});

const xml = (path = "/rpc2") => was.xmlrpc<Api>(server.url + path);
const json = (path = "/json") => was.jsonrpc<Api>(server.url + path);

/** A server that answers everything so. */
function answering(body: string | Uint8Array, init: ResponseInit): { url: string } & Disposable {
  const fake = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(body as string, init) });
  return { url: fake.url.origin, [Symbol.dispose]: () => void fake.stop(true) };
}

describe.each([
  ["R1", "XML-RPC", (path?: string) => xml(path)],
  ["R2", "JSON-RPC", (path?: string) => json(path ?? "/json")],
] as const)("[%s] %s", (_row, _protocol, stub) => {
  test("a method is a task; dots are names", async () => {
    expect(await stub().add(1, 2)).toBe(3);
    expect(await stub().math.pow(2, 10).fetch({ timeout: 5 })).toBe(1024);
    const value = { list: [1, "é", null, true, 0.5], deep: { "a.b": [] } };
    expect(await stub().late(value)).toEqual(value);
    expect(await stub().nothing()).toBeNull();
    const result = await stub().add(1, 2).dispatch();
    expect([result.status, result.statusCode, result.data, result.ok]).toEqual([STA_NORMAL, 200, 3, true]);
  });

  test("a fault is thrown by fetch and told by dispatch", async () => {
    const task = stub().fail();
    const result = await task.dispatch();
    expect([result.status, result.statusCode, result.reason]).toEqual([
      STA_NORMAL,
      500,
      "not the answer <&>",
    ]);
    expect(result.data).toBeUndefined();
    const error = await task.fetch().then(
      () => undefined,
      (thrown: unknown) => thrown as RpcFault,
    );
    expect(error).toBeInstanceOf(RpcFault);
    expect(error).toMatchObject({ code: 42, message: "not the answer <&>", remote: true });
    expect(String(error!.cause)).toContain(
      `${server.url} (127.0.0.1:${server.port}): fail: a result, got fault 42`,
    );
    // From there on, what the client of a handler sees of it is decided anew.
    await expect(stub().crash().fetch()).rejects.toMatchObject({ code: expect.any(Number), remote: true });
  });

  test("what cannot be sent is thrown at once", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(() => stub().echo(circle)).toThrow(expect.objectContaining({ code: "RPC_INVALID" }));
    expect(() => was.xmlrpc("@none/rpc2")).toThrow("@none");
    expect(() => was.jsonrpc("ftp://a/")).toThrow("URL of http");
  });

  test("an HTTP error, content of another kind and nobody there are told apart", async () => {
    const missing = await stub("/none").add(1, 2).dispatch();
    expect([missing.status, missing.statusCode]).toEqual([STA_NORMAL, 404]);
    expect(missing.error).toMatchObject({ name: "HttpError", statusCode: 404 });
    using fake = answering("hello", { headers: { "content-type": "text/plain" } });
    using bytes = answering(new Uint8Array([255]), {});
    using empty = answering("", { status: 200 });
    for (const { url } of [fake, bytes, empty])
      for (const task of [was.xmlrpc<Api>(url).add(1, 2), was.jsonrpc<Api>(url).add(1, 2)]) {
        const result = await task.dispatch();
        expect([result.status, result.statusCode]).toEqual([STA_REQFAIL, 731]);
        expect(result.error).toMatchObject({
          code: "BACKEND_FAILED",
          message: expect.stringContaining(`${url} (`),
        });
      }
    using moved = answering("", { status: 302, headers: { location: server.url } });
    expect(await was.jsonrpc<Api>(moved.url).add(1, 2).dispatch()).toMatchObject({ statusCode: 302 });
    const { url } = answering("", {});
    fake[Symbol.dispose]();
    const refused = await was.xmlrpc<Api>(fake.url).add(1, 2).dispatch();
    expect([refused.status, refused.statusCode]).toEqual([STA_UNSENT, 714]);
    void url;
  });
});

test("[R1] dates and bytes; the zone of dates that have none", async () => {
  const value = { at: new Date("2026-02-28T23:59:58Z"), bytes: new Uint8Array([0, 255]), big: 2n ** 60n };
  expect(await xml().echo(value)).toEqual(value);
  const local = was.xmlrpc<Api>(`${server.url}/rpc2`, { zone: "local" });
  const noon = new Date(2026, 6, 1, 12);
  expect(await local.echo(noon)).toEqual(noon);
});

test("[R1] a batch is one system.multicall", async () => {
  const task = xml().$batch((api) => [api.add(1, 2), api.fail(), api.math.pow(2, 3), api.echo([1])]);
  const [sum, failed, power, list] = await task;
  expect([sum, power, list]).toEqual([{ result: 3 }, { result: 8 }, { result: [1] }]);
  expect(failed).toMatchObject({ error: { code: 42, message: "not the answer <&>", remote: true } });
  expect(await xml().$batch(() => [])).toEqual([]);
  const calls = (api: { add(a: number, b: number): { method: string; params: readonly unknown[] } }) =>
    Array.from({ length: 4 }, () => api.add(1, 1));
  await expect(xml("/hidden").$batch(calls).fetch()).rejects.toMatchObject({ code: -32602 });
});

test("[R2] a batch is one message, notifications in it too", async () => {
  const before = await json().updates();
  const task = json().$batch((api) => [api.add(1, 2), api.$notify.update(), api.fail(), api.math.pow(2, 3)]);
  const [sum, failed, power, ...more] = await task;
  expect([sum, power, more]).toEqual([{ result: 3 }, { result: 8 }, []]);
  expect(failed).toMatchObject({ error: { code: 42, data: { asked: "answer" }, remote: true } });
  expect(await json().updates()).toBe(before + 1);
  expect(await json().$batch((api) => [api.$notify.update()])).toEqual([]);
  expect(await json().updates()).toBe(before + 2);
  await expect(
    json("/json-small")
      .$batch((api) => Array.from({ length: 4 }, () => api.add(1, 1)))
      .fetch(),
  ).rejects.toMatchObject({ code: -32600, remote: true });
});

test("[R2] notifications, and parameters by name", async () => {
  const before = await json().updates();
  expect((await json().$notify.update().dispatch()).statusCode).toBe(204);
  await json().$notify.crash();
  expect(await json().updates()).toBe(before + 1);
  const { $named } = was.jsonrpc(`${server.url}/json`);
  expect(await $named["subtract"]!({ minuend: 42, subtrahend: 23 })).toBe(19);
});

test("[R1] [R2] a stub without an interface has all methods, and can be awaited and shown", async () => {
  const loose = was.jsonrpc(`${server.url}/json`);
  expect(await loose["math.pow"]!(2, 4)).toBe(16);
  expect(await (await loose)["add"]!(1, 1)).toBe(2);
  expect(JSON.stringify({ loose })).toBe("{}");
  expect(`${Bun.inspect(loose).length > 0}`).toBe("true");
  expect(() => loose()).toThrow("the name of a method");
});

test("[R2] an error of JSON-RPC that comes with a status of HTTP is that error", async () => {
  const body = '{"jsonrpc":"2.0","error":{"code":-32000,"message":"busy"},"id":1}';
  using fake = answering(body, { status: 503, headers: { "content-type": "application/json" } });
  const result = await was.jsonrpc<Api>(fake.url).add(1, 2).dispatch();
  expect([result.statusCode, result.reason]).toEqual([503, "busy"]);
  expect(result.error).toMatchObject({ name: "RpcFault", code: -32000 });
});

test("[R1] [R2] equal calls share a kept result, and no other kind of call does", async () => {
  const before = await json().updates();
  const first = await json().updates().fetch({ cache: 60 });
  await json().$notify.update();
  expect([await json().updates(), await xml().updates()]).toEqual([first, before + 1]);
  const fresh = was.jsonrpc<Api>(`${server.url}/json`, { useCache: false });
  expect(await fresh.updates()).toBe(before + 1);
});

test("[R4] map asks every member, failures included, in their order", async () => {
  const members = [`127.0.0.1:${server.port}`, "127.0.0.1:1", `127.0.0.1:${server.port}`];
  const declared = members.map((text) => parseMember(text, PROTO_HTTP)!);
  installAlias({ name: "@rpc-members", type: PROTO_HTTP, members: declared, options: {} });
  const xmlTasks = was.xmlrpc.map<Api>("@rpc-members/rpc2").add(2, 3);
  const jsonTasks = was.jsonrpc.map<Api>("@rpc-members/json").add(2, 3);
  for (const results of [await xmlTasks.dispatch(), await jsonTasks.dispatch()]) {
    expect(results.map(({ data }) => data as unknown)).toEqual([5, undefined, 5]);
    expect(results[1]).toMatchObject({ statusCode: 714 });
  }
  // What was not sent goes to another member.
  for (let count = 0; count < 6; count++)
    expect(await was.xmlrpc.lb<Api>("@rpc-members/rpc2").add(1, 1)).toBe(2);
});

test("[R4] transaction ids go along; tasks join others", async () => {
  const { data } = await front.get<{ own: string; xml: { id: string }; json: { id: string } }>("/ids");
  expect(data.own).toMatch(/^\S+$/);
  expect([data.xml.id, data.json.id]).toEqual([data.own, data.own]);
  expect((await front.get("/map")).data).toEqual([3, 3]);
  expect((await front.get("/tasks")).data).toEqual({ sum: 3, power: 8 });
});

test("[R4] a fault that a handler does not catch is a 500 without its text, and the log says where it came from", async () => {
  const answer = await front.get("/fault");
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain("not the answer");
  await eventually(() => front.output.includes("a result, got fault 42"), "the traceback");
  expect(front.output).toContain("RpcFault: not the answer <&>");
  expect(front.output).toContain(`@rpc (127.0.0.1:${server.port}): fail`);
});

test("[R1] a call that takes too long ends in time", async () => {
  const never = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Promise<Response>(() => {}) });
  try {
    const result = await was.xmlrpc<Api>(never.url.origin).add(1, 2).dispatch({ timeout: "100ms" });
    expect(result).toMatchObject({ status: 1, statusCode: 702 });
  } finally {
    await never.stop(true);
  }
});

describe("peers", () => {
  test.skipIf(Bun.which("python3") === null)("[R1] Python's xmlrpc.server", async () => {
    await using python = await peer(["python3", fixture("server.py")]);
    const stub = was.xmlrpc<{
      echo(value: unknown): unknown;
      math: { add(a: number, b: number): number };
      fail(): never;
      system: { listMethods(): string[] };
    }>(`${python.url}/RPC2`);
    const value = {
      text: "中<&>",
      at: new Date("2026-01-01T00:00:00Z"),
      bytes: new Uint8Array([1]),
      nil: null,
    };
    expect(await stub.echo(value)).toEqual(value);
    expect(await stub.math.add(2, 3)).toBe(5);
    expect(await stub.system.listMethods()).toContain("math.add");
    await expect(stub.fail().fetch()).rejects.toMatchObject({ name: "RpcFault", code: 42 });
    expect(await stub.$batch((api) => [api.math.add(1, 2), api.fail()])).toMatchObject([
      { result: 3 },
      { error: { code: 42 } },
    ]);
  });

  test("[R2] jayson's server", async () => {
    await using jayson = await peer([process.execPath, fixture("jayson.cjs")]);
    const stub = was.jsonrpc<{ add(a: number, b: number): number; named(o: object): object; fail(): never }>(
      `${jayson.url}/`,
    );
    expect(await stub.add(1, 2)).toBe(3);
    await expect(stub.fail().fetch()).rejects.toMatchObject({ code: 42, data: { asked: 1 } });
    expect((await stub.$notify.add(1, 2).dispatch()).statusCode).toBe(204);
    expect(await stub.$batch((api) => [api.add(1, 2), api.$notify.add(3, 4), api.fail()])).toMatchObject([
      { result: 3 },
      { error: { code: 42 } },
    ]);
    expect(await stub.$named["named"]!({ a: 1 })).toEqual({ a: 1 });
  });
});
