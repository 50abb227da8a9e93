import { afterAll, beforeAll, expect, test } from "bun:test";
import { deflateRawSync } from "node:zlib";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../process/support.ts";
import { fixture, frame, RawClient } from "./support.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(fixture, undefined, { host: "127.0.0.1" });
});
afterAll(() => server.stop());

const [continuation, text, binary, close, ping, pong] = [0, 1, 2, 8, 9, 10];
const open = (path = "/raw", lines?: string[]): Promise<RawClient> =>
  RawClient.open(server.port, path, lines);
const closing = (code: number, reason: string | Uint8Array = ""): Buffer =>
  Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as string)]);

const violations: [string, Buffer[], number][] = [
  ["bad UTF-8", [frame(text, new Uint8Array([0xc3, 0x28]))], 1007],
  [
    "bad UTF-8 over two fragments",
    [frame(text, new Uint8Array([0xe2, 0x82]), { fin: false }), frame(continuation, new Uint8Array([0x28]))],
    1007,
  ],
  ["UTF-8 of a surrogate", [frame(text, new Uint8Array([0xed, 0xa0, 0x80]))], 1007],
  ["unmasked", [frame(text, "x", { masked: false })], 1002],
  ["a reserved bit", [frame(text, "x", { rsv: 0x40 })], 1002],
  ["a reserved opcode", [frame(3, "x")], 1002],
  ["a reserved control opcode", [frame(11, "x")], 1002],
  ["a continuation of nothing", [frame(continuation, "x")], 1002],
  ["a new message within another", [frame(text, "a", { fin: false }), frame(text, "b")], 1002],
  ["a fragmented ping", [frame(ping, "x", { fin: false })], 1002],
  ["a ping of 126 bytes", [frame(ping, "x".repeat(126))], 1002],
  ["a close of 1 byte", [frame(close, "x")], 1002],
  ["a close code that may not be sent", [frame(close, closing(1005))], 1002],
  ["a close code of nobody", [frame(close, closing(999))], 1002],
  ["a close reason of bad UTF-8", [frame(close, closing(1000, new Uint8Array([0xc3, 0x28])))], 1007],
  ["too big, in one frame", [frame(text, "x".repeat(1024 ** 2 + 1))], 1009],
  [
    "too big, in fragments",
    [frame(binary, new Uint8Array(600_000), { fin: false }), frame(continuation, new Uint8Array(600_000))],
    1009,
  ],
  ["too big for everybody", [frame(binary, new Uint8Array(17 * 1024 ** 2))], 1009],
];
for (const [name, frames, code] of violations)
  test(`[X1] ${name} closes with ${code}`, async () => {
    using client = await open();
    expect(await client.write(...frames).closeCode()).toBe(code);
  });

test("[X1] a message in fragments, with a ping and a pong in between, is one message", async () => {
  using client = await open();
  client.write(
    frame(text, "fi", { fin: false }),
    frame(ping, "are you there"),
    frame(continuation, "r", { fin: false }),
    frame(pong, "unasked"),
    frame(continuation, "st"),
  );
  expect(await client.next()).toMatchObject({ opcode: pong, payload: Buffer.from("are you there") });
  expect(await client.next()).toEqual({ opcode: text, fin: true, rsv: 0, payload: Buffer.from("first") });
});

test("[X1] a message byte by byte", async () => {
  using client = await open();
  for (const byte of frame(text, "slowly")) {
    client.write(new Uint8Array([byte]));
    await Bun.sleep(0);
  }
  expect((await client.next())?.payload.toString()).toBe("slowly");
});

test("[X1] a close frame is answered with its code", async () => {
  for (const [sent, answer] of [
    [frame(close, closing(1000, "bye")), 1000],
    [frame(close, closing(4999)), 4999],
    [frame(close, ""), 1005],
  ] as const) {
    using client = await open();
    expect(await client.write(sent).closeCode()).toBe(answer);
  }
});

test("[X1] long and longest messages that are allowed", async () => {
  using client = await open();
  for (const length of [0, 125, 126, 65_535, 65_536, 1024 ** 2]) {
    client.write(frame(binary, Buffer.alloc(length, 7)));
    const echoed = await client.next();
    expect([echoed?.opcode, echoed?.payload.length]).toEqual([binary, length]);
  }
});

test("[X4] a limit counts bytes, not characters", async () => {
  using short = await open("/limited");
  expect((await short.write(frame(text, "ä".repeat(50))).next())?.payload.toString()).toBe("50");
  expect(await short.write(frame(text, "ä".repeat(51))).closeCode()).toBe(1009);
});

test("[X4] a compressed message counts what it becomes", async () => {
  using client = await open("/deflate", ["Sec-WebSocket-Extensions: permessage-deflate"]);
  expect(client.head).toMatch(/sec-websocket-extensions: permessage-deflate/i);
  const bomb = deflateRawSync(Buffer.alloc(200_000), { finishFlush: 2 }).subarray(0, -4);
  expect(bomb.length).toBeLessThan(1000);
  expect(await client.write(frame(binary, bomb, { rsv: 0x40 })).closeCode()).toBe(1009);
});

test("[X1] the codes are those that the app is told", async () => {
  using client = await open("/events");
  await client.next();
  client.write(frame(text, "id"));
  const id = (await client.next())?.payload.toString();
  await client.write(frame(text, new Uint8Array([0xff]))).closeCode();
  const found = await eventually(async () =>
    (await server.get<Record<string, unknown>[]>("/closed")).data.find((each) => each["id"] === id),
  );
  expect(found["code"]).toBe(1007);
});

test("[X1] a version that is not 13 is told which is", async () => {
  const port = server.port;
  const answer = await fetch(`http://127.0.0.1:${port}/raw`, {
    headers: {
      upgrade: "websocket",
      connection: "upgrade",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-version": "12",
    },
  });
  expect([answer.status, answer.headers.get("sec-websocket-version")]).toEqual([426, "13"]);
});
