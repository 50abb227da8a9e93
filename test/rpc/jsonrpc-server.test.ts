import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Client } from "jayson";
import { jsonrpc } from "../../src/index.ts";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";

let server: TestClient;
beforeAll(async () => void (server = await testClient(new URL("./fixtures/serve.ts", import.meta.url))));
afterAll(() => server.stop());

const send = (text: string, path = "/json") =>
  server.post(path, text, { headers: { "content-type": "application/json" } });
const call = (method: string, params: unknown = [], id: unknown = 1): string =>
  JSON.stringify({ jsonrpc: "2.0", method, params, id });
const invalid = { jsonrpc: "2.0", error: { code: -32600, message: "Invalid Request" }, id: null };
const result = (value: unknown, id: unknown) => ({ jsonrpc: "2.0", result: value, id });
const notFound = (name: string, id: unknown) => ({
  jsonrpc: "2.0",
  error: { code: -32601, message: `Method not found: ${name}` },
  id,
});

describe("[R2] the examples of JSON-RPC 2.0 §7", () => {
  const parse = { jsonrpc: "2.0", error: { code: -32700, message: "Parse error" }, id: null };
  const batch = `[
    {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
    {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
    {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
    {"foo": "boo"},
    {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
    {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
  ]`;
  test.each([
    [`{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}`, result(19, 1)],
    [`{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}`, result(-19, 2)],
    [
      `{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}`,
      result(19, 3),
    ],
    [`{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}`, undefined],
    [`{"jsonrpc": "2.0", "method": "foobar"}`, undefined],
    [`{"jsonrpc": "2.0", "method": "foobar", "id": "1"}`, notFound("foobar", "1")],
    [`{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]`, parse],
    [`{"jsonrpc": "2.0", "method": 1, "params": "bar"}`, invalid],
    [
      `[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]`,
      parse,
    ],
    ["[]", invalid],
    ["[1]", [invalid]],
    ["[1,2,3]", [invalid, invalid, invalid]],
    [batch, [result(7, "1"), result(19, "2"), invalid, notFound("foo.get", "5"), result(["hello", 5], "9")]],
    [`[{"jsonrpc": "2.0", "method": "update"}, {"jsonrpc": "2.0", "method": "notify_hello"}]`, undefined],
  ] as const)("%s", async (text, expected) => {
    const answer = await send(text);
    if (expected === undefined) expect([answer.status, answer.text]).toEqual([204, ""]);
    else {
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
      expect(answer.data).toEqual(expected as unknown as object);
    }
  });
});

test.each([
  "null",
  "5",
  `"text"`,
  `{"method": "sum", "id": 1}`,
  `{"jsonrpc": "1.0", "method": "sum", "id": 1}`,
  `{"jsonrpc": "2.0", "method": "sum", "params": null, "id": 1}`,
  `{"jsonrpc": "2.0", "method": "sum", "params": 5, "id": 1}`,
  `{"jsonrpc": "2.0", "method": "sum", "id": {}}`,
  `{"jsonrpc": "2.0", "method": "sum", "id": true}`,
])("[R2] no request: %s", async (text) => {
  expect((await send(text)).data).toEqual(invalid);
});

test("[R2] ids of all types come back; a null one is answered", async () => {
  for (const id of [0, -1, 1.5, "", "é", null])
    expect((await send(call("sum", [1], id))).data).toEqual(result(1, id));
});

test("[R2] bytes that are no UTF-8, and nothing, are parse errors", async () => {
  const bytes = Buffer.concat([
    Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'),
    Buffer.from([0xff]),
    Buffer.from('"}'),
  ]);
  const headers = { "content-type": "application/json" };
  for (const body of [bytes, Buffer.alloc(0)])
    expect((await server.post("/json", body, { headers })).data).toMatchObject({ error: { code: -32700 } });
});

test("[R2] notifications run before they are answered", async () => {
  const { result: before } = (await send(call("updates"))).data as { result: number };
  expect((await send(`{"jsonrpc": "2.0", "method": "update"}`)).status).toBe(204);
  expect((await send(call("updates"))).data).toEqual(result(before + 1, 1));
});

test("[R2] errors: a RpcFault with its data, others without their text, logged", async () => {
  const error = { code: 42, message: "not the answer <&>", data: { asked: "answer" } };
  expect((await send(call("fail"))).data).toEqual({ jsonrpc: "2.0", error, id: 1 });
  const internal = { jsonrpc: "2.0", error: { code: -32603, message: "Internal error" }, id: 1 };
  for (const method of ["crash", "remote", "big", "unsayable"])
    expect((await send(call(method))).data).toEqual(internal);
  await eventually(() => server.output.includes("] TypeError: secret of the inside"), "the traceback");
  expect(server.output).not.toContain("RpcFault: not the answer");
  expect((await send(call("crash"), "/json-debug")).data).toMatchObject({
    error: { code: -32603, message: "TypeError: secret of the inside" },
  });
  expect((await send(call("nothing"))).data).toEqual(result(null, 1));
});

test("[R2] only own functions can be called", async () => {
  for (const name of [
    "constructor",
    "__proto__",
    "toString",
    "math",
    "math.constructor",
    "add.call",
    "rpc.x",
    "",
  ])
    expect((await send(call(name))).data).toEqual(notFound(name, 1));
  const own = `{"jsonrpc": "2.0", "method": "echo", "params": {"__proto__": {"a": 1}}, "id": 1}`;
  expect((await send(own)).text).toContain(`{"__proto__":{"a":1}}`);
});

test("[R2] methods of a batch run at the same time, within their request", async () => {
  const text = `[${call("where", [], 1)},${call("where", [], 2)}]`;
  const [first, second] = (await send(text)).data as { result: { id: string; point: string } }[];
  expect(first!.result).toEqual(second!.result);
  expect(first!.result).toMatchObject({ point: "/json", path: "/" });
  const meet = `[${call("meet", [2], 1)},${call("meet", [2], 2)}]`;
  expect((await send(meet)).data).toEqual([result(2, 1), result(2, 2)]);
});

test("[R2] limits of calls and bytes; only POST of JSON", async () => {
  const one = call("sum");
  expect((await send(`[${one},${one},${one}]`, "/json-small")).data).toHaveLength(3);
  expect((await send(`[${one},${one},${one},${one}]`, "/json-small")).data).toEqual({
    jsonrpc: "2.0",
    error: { code: -32600, message: "At most 3 calls in one batch" },
    id: null,
  });
  expect((await send(call("echo", ["x".repeat(1000)]), "/json-small")).status).toBe(413);
  expect((await server.get("/json")).status).toBe(405);
  const headers = { "content-type": "text/plain" };
  expect((await server.post("/json", one, { headers })).status).toBe(415);
});

test("[R2] wrong methods are refused at the start", () => {
  expect(() => jsonrpc({ rpc: { discover: () => 1 } })).toThrow("rpc.discover");
  expect(() => jsonrpc({})).toThrow("functions by name");
});

/** jayson's client, asked for a promise of the whole answer. */
function ask(method: string, params: unknown, id?: null): Promise<unknown> {
  const client = Client.http({ host: "127.0.0.1", port: server.port, path: "/json" });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const done = (error: unknown, answer: unknown): void => (error ? reject(error) : resolve(answer));
  if (id === null) client.request(method, params as unknown[], null as never, done as never);
  else client.request(method, params as unknown[], done as never);
  return promise;
}

test("[R2] jayson's client calls, notifies and sends batches", async () => {
  expect(await ask("add", [2, 3])).toMatchObject({ result: 5 });
  expect(await ask("subtract", { minuend: 5, subtrahend: 1 })).toMatchObject({ result: 4 });
  expect(await ask("math.pow", [2, 10])).toMatchObject({ result: 1024 });
  expect(await ask("fail", [])).toMatchObject({ error: { code: 42, data: { asked: "answer" } } });
  expect(await ask("none", [])).toMatchObject({ error: { code: -32601 } });
  expect(await ask("update", [], null)).toBeUndefined();
  const client = Client.http({ host: "127.0.0.1", port: server.port, path: "/json" });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  client.request(
    [client.request("add", [1, 2]), client.request("none", []), client.request("update", [], null as never)],
    ((error: unknown, answers: unknown) => (error ? reject(error) : resolve(answers))) as never,
  );
  expect(await promise).toMatchObject([{ result: 3 }, { error: { code: -32601 } }]);
});
