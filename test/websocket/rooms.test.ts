import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../process/support.ts";
import { Client, fixture, RawClient } from "./support.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(fixture, undefined, { host: "127.0.0.1" });
});
afterAll(() => server.stop());

/** Somebody in a room, who has read who entered. */
async function enter(room: string, name: string): Promise<Client> {
  const client = await Client.open(`${server.url}/chat?room_id=${room}&name=${name}`);
  expect(await client.next()).toBe(`${name} entered ${room}`);
  return client;
}

test("[X3] what a handler returns goes to all of the room, and to nobody else", async () => {
  using ann = await enter("one", "ann");
  using bob = await enter("one", "bob");
  using eve = await enter("two", "eve");
  expect(await ann.next()).toBe("bob entered one");
  for (const client of [ann, bob]) client.send("hello");
  const [toAnn, toBob] = [await ann.take(2), await bob.take(2)];
  expect(toAnn.toSorted()).toEqual(["ann: hello", "bob: hello"]);
  expect(toBob.toSorted()).toEqual(["ann: hello", "bob: hello"]);
  bob.socket.close();
  expect(await ann.next()).toBe("bob left");
  expect(eve.left).toBe(0);
  expect(await eve.ask("alone")).toBe("eve: alone");
});

test("[X3] list, count, whisper, others, and rooms that are joined and left", async () => {
  using ann = await enter("lists", "ann");
  using bob = await enter("lists", "bob");
  await ann.next();
  const ids = JSON.parse(String(await ann.ask("/ids"))) as string[];
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(2);
  expect(await bob.ask("/count")).toBe("2");
  ann.send(`/whisper ${ids[1]} psst`);
  expect(await bob.next()).toBe("psst");
  ann.send("/others not-me");
  expect(await bob.next()).toBe("not-me");
  expect(await ann.ask("/count")).toBe("2");
  ann.send("/join side").send("/in side only-ann");
  expect(await ann.next()).toBe("only-ann");
  expect(await bob.ask("/count side")).toBe("1");
  ann.send("/leave side");
  expect(await ann.ask("/count side")).toBe("0");
  ann.send("/in side nobody");
  bob.socket.terminate();
  expect(await ann.next()).toBe("bob left");
  await eventually(async () => (await ann.ask("/count")) === "1");
});

test("[X3] order of one sender is kept for each member", async () => {
  using ann = await enter("order", "ann");
  using bob = await enter("order", "bob");
  await ann.next();
  for (let n = 0; n < 500; n++) ann.send(String(n));
  const expected = Array.from({ length: 500 }, (_, n) => `ann: ${n}`);
  expect(await bob.take(500)).toEqual(expected);
  expect(await ann.take(500)).toEqual(expected);
});

test("[X3] a handshake without a room is a 400", async () => {
  const headers = { upgrade: "websocket", connection: "upgrade" };
  for (const query of ["", "?room_id=", "?room_id=a&room_id=b", `?room_id=${"x".repeat(257)}`]) {
    const refused = await server.get<{ detail: string }>(`/chat${query}`, { headers });
    expect([refused.status, refused.data.detail]).toEqual([400, expect.stringContaining('"room_id"')]);
  }
});

test("[X4] who reads too slowly leaves the room, and costs the others nothing", async () => {
  const before = Number((await server.get("/memory")).text);
  using ann = await enter("slow", "ann");
  using bob = await enter("slow", "bob");
  await ann.next();
  using slow = await RawClient.open(server.port, "/chat?room_id=slow&name=slow");
  slow.pause();
  for (const client of [ann, bob]) expect(await client.next()).toBe("slow entered slow");
  const long = "x".repeat(512 * 1024);
  for (let n = 0; n < 60; n++) {
    ann.send(long);
    for (const client of [ann, bob]) expect(String(await client.next()).length).toBe(long.length + 5);
  }
  expect(await ann.ask("/count")).toBe("2");
  expect(Number((await server.get("/memory")).text) - before).toBeLessThan(32 * 1024 ** 2);
  slow.resume();
  for (;;) {
    const frame = await slow.next();
    if (frame?.opcode !== 8) continue;
    expect(frame.payload.readUInt16BE(0)).toBe(1013);
    break;
  }
  expect(await bob.next()).toBe("slow left");
});
