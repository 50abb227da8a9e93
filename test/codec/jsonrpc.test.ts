import { expect, test } from "bun:test";
import {
  decodeBatch,
  decodeResponse,
  encodeBatch,
  encodeError,
  encodeRequest,
  encodeResult,
  parseMessage,
  readRequest,
} from "../../src/codec/jsonrpc.ts";
import { RpcFault } from "../../src/codec/rpc-fault.ts";
import { fixture, peer } from "../rpc/support.ts";

const invalid = expect.objectContaining({ code: "RPC_INVALID", status: 400 });
function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

test("[R2] requests both ways", () => {
  for (const request of [
    { method: "a", id: 1 },
    { method: "a", params: [1, null], id: "x" },
    { method: "", params: { a: 1 }, id: null },
    { method: "a" },
  ])
    expect(readRequest(parseMessage(Buffer.from(encodeRequest(request))))).toEqual(request);
  expect(encodeBatch([{ method: "a", id: 1 }, { method: "b" }])).toBe(
    '[{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","method":"b"}]',
  );
  expect(thrownBy(() => encodeRequest({ method: "a", params: [1n] }))).toEqual(invalid);
});

test("[R2] results and errors both ways", () => {
  expect(decodeResponse(encodeResult(1, { a: [1] }), 1)).toEqual({ a: [1] });
  expect(decodeResponse(encodeResult("x", undefined), "x")).toBeNull();
  expect(thrownBy(() => decodeResponse(encodeError(1, new RpcFault(5, "no", [1])), 1))).toMatchObject({
    name: "RpcFault",
    code: 5,
    message: "no",
    data: [1],
    remote: true,
  });
  // An error that is told before the id was read.
  expect(thrownBy(() => decodeResponse(encodeError(null, new RpcFault(-32700, "x")), 1))).toMatchObject({
    code: -32700,
  });
  expect(encodeError(1, new RpcFault(Number.NaN, "x", 1n))).toBe(
    '{"jsonrpc":"2.0","error":{"code":-32603,"message":"x"},"id":1}',
  );
  for (const value of [1n, () => 1, Symbol("a")])
    expect(thrownBy(() => encodeResult(1, value))).toEqual(invalid);
});

test.each([
  "",
  "null",
  "[]",
  "5",
  "{}",
  '{"jsonrpc":"1.0","result":1,"id":1}',
  '{"jsonrpc":"2.0","id":1}',
  '{"jsonrpc":"2.0","result":1}',
  '{"jsonrpc":"2.0","result":1,"id":2}',
  '{"jsonrpc":"2.0","result":1,"id":"1"}',
  '{"jsonrpc":"2.0","result":1,"id":null}',
  '{"jsonrpc":"2.0","result":1,"error":{"code":1,"message":"x"},"id":1}',
  '{"jsonrpc":"2.0","error":"text","id":1}',
  '{"jsonrpc":"2.0","error":{"message":"x"},"id":1}',
  '{"jsonrpc":"2.0","error":{"code":1},"id":1}',
])("[R2] no answer to call 1: %s", (text) => {
  expect(thrownBy(() => decodeResponse(text, 1))).toEqual(invalid);
});

test("[R2] answers of a batch in the order of its calls", () => {
  const answer = `[${encodeResult("b", 2)},${encodeError(3, new RpcFault(7, "no"))},${encodeResult(1, 1)}]`;
  const outcomes = decodeBatch(answer, [1, "b", 3]);
  expect(outcomes.slice(0, 2)).toEqual([{ result: 1 }, { result: 2 }]);
  expect(outcomes[2]).toMatchObject({ error: { code: 7 } });
  expect(thrownBy(() => decodeBatch(answer, [1, 4]))).toEqual(invalid);
  expect(thrownBy(() => decodeBatch("{}", [1]))).toEqual(invalid);
  expect(thrownBy(() => decodeBatch(encodeError(null, new RpcFault(-32600, "too many")), [1]))).toMatchObject(
    {
      code: -32600,
      remote: true,
    },
  );
});

test("[R2] jayson's server takes our calls, and we its answers", async () => {
  await using jayson = await peer([process.execPath, fixture("jayson.cjs")]);
  const post = async (body: string): Promise<string> =>
    (
      await fetch(jayson.url, { method: "POST", headers: { "content-type": "application/json" }, body })
    ).text();
  const call = async (method: string, params: unknown[] | Record<string, unknown>): Promise<unknown> =>
    decodeResponse(await post(encodeRequest({ id: 7, method, params })), 7);
  expect(await call("add", [1, 2])).toBe(3);
  expect(await call("named", { a: { b: "é" } })).toEqual({ a: { b: "é" } });
  expect(await call("nothing", [])).toBeNull();
  await expect(call("fail", [])).rejects.toMatchObject({
    code: 42,
    message: "not the answer",
    data: { asked: 1 },
  });
  await expect(call("none", [])).rejects.toMatchObject({ name: "RpcFault", code: -32601 });
  expect(await post(encodeRequest({ method: "add", params: [1, 2] }))).toBe("");
  const batch = encodeBatch([
    { id: 1, method: "add", params: [1, 2] },
    { method: "add", params: [1, 2] },
    { id: 2, method: "none" },
  ]);
  expect(decodeBatch(await post(batch), [1, 2])).toMatchObject([{ result: 3 }, { error: { code: -32601 } }]);
});
