import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../process/support.ts";
import { Client, fixture, frame, RawClient } from "./support.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(fixture, undefined, { host: "127.0.0.1" });
});
afterAll(() => server.stop());

const memory = async (): Promise<number> => Number((await server.get("/memory")).text);
const text = 1;

test("[X4] who reads too slowly is closed with 1013 behind what was sent", async () => {
  using client = await RawClient.open(server.port, "/flood");
  client.pause();
  client.write(frame(text, "go"));
  await eventually(() => server.output.includes("flood stopped true"));
  client.resume();
  let bytes = 0;
  for (;;) {
    const found = await client.next();
    if (found?.opcode === 8) {
      expect([found.payload.readUInt16BE(0), found.payload.subarray(2).toString()]).toEqual([
        1013,
        "too slow",
      ]);
      break;
    }
    expect(found?.payload.length).toBe(64 * 1024);
    bytes += found!.payload.length;
  }
  // What the kernel holds, and 256 KB; Bun itself would hold 16 MB.
  expect(bytes).toBeLessThan(14 * 1024 ** 2);
  expect(await client.next()).toBeUndefined();
});

test("[X4] a generator waits for who reads slowly, and nothing is lost", async () => {
  const before = await memory();
  using client = await RawClient.open(server.port, "/flood");
  client.pause();
  client.write(frame(text, "generator"));
  await Bun.sleep(300);
  expect((await memory()) - before).toBeLessThan(32 * 1024 ** 2);
  client.resume();
  for (let n = 0; n < 1000; n++) expect((await client.next())?.payload.length).toBe(64 * 1024);
});

test("[X4] a client whose messages are not handled is not read from", async () => {
  const before = await memory();
  const { text: already } = await server.get("/handled");
  using client = await RawClient.open(server.port, "/stuck");
  client.write(frame(text, "stick"));
  const message = frame(text, "x".repeat(16 * 1024));
  const count = 2000;
  for (let n = 0; n < count; n++) client.write(message);
  await Bun.sleep(300);
  expect((await memory()) - before).toBeLessThan(16 * 1024 ** 2);
  expect((await server.get("/unstick")).text).toBe(already);
  expect((await client.next())?.payload.toString()).toBe("5");
  for (let n = 0; n < count; n++) expect((await client.next())?.payload.toString()).toBe("16384");
  expect((await server.get("/handled")).text).toBe(String(Number(already) + count + 1));
});

test("[X4] many small messages that wait cost no time", async () => {
  const { text: already } = await server.get("/handled");
  using client = await RawClient.open(server.port, "/stuck");
  const count = 100_000;
  client.write(frame(text, "stick"), Buffer.concat(Array.from({ length: count }, () => frame(text, "x"))));
  await eventually(async () => (await server.get("/unstick")).text === already);
  expect((await client.next())?.payload.toString()).toBe("5");
  await eventually(async () => (await server.get("/handled")).text === String(Number(already) + count + 1));
});

test("[X4] a client that answers pings stays, one that does not is closed with 1001", async () => {
  using quiet = await Client.open(`${server.url}/restless`);
  using dead = await RawClient.open(server.port, "/restless");
  const started = performance.now();
  let pings = 0;
  for (;;) {
    const found = await dead.next();
    if (found?.opcode === 9) pings++;
    else {
      expect([found?.opcode, found?.payload.readUInt16BE(0)]).toEqual([8, 1001]);
      break;
    }
  }
  expect(pings).toBeGreaterThan(0);
  expect(performance.now() - started).toBeGreaterThan(950);
  await Bun.sleep(800);
  expect(await quiet.ask("still here")).toBe("still here");
});

test("[X4] so many connections and no more, refused ones leave no trace", async () => {
  const open = (): Promise<Client> => Client.open(`${server.url}/limited`);
  const [one, two] = await Promise.all([open(), open()]);
  await expect(open()).rejects.toThrow("503");
  const headers = { upgrade: "websocket", connection: "upgrade" };
  const full = await server.get("/limited", { headers });
  expect([full.status, full.headers.get("retry-after")]).toEqual([503, "5"]);
  one.socket.terminate();
  await eventually(() =>
    open().then(
      (client) => (client[Symbol.dispose](), true),
      () => false,
    ),
  );
  // Handshakes that fail behind the count give their place back.
  two.socket.terminate();
  for (let n = 0; n < 5; n++) await server.get("/limited", { headers });
  await eventually(async () => {
    const clients = await Promise.allSettled([open(), open()]);
    for (const each of clients) if (each.status === "fulfilled") each.value[Symbol.dispose]();
    return clients.every(({ status }) => status === "fulfilled");
  });
});

test("[X4] 1,000 idle connections need little memory", async () => {
  // The first ones pay for code and pools.
  const warm = await Promise.all(Array.from({ length: 200 }, () => RawClient.open(server.port, "/echo")));
  for (const each of warm) each[Symbol.dispose]();
  const before = await memory();
  const clients = await Promise.all(Array.from({ length: 1000 }, () => RawClient.open(server.port, "/echo")));
  const each = ((await memory()) - before) / clients.length;
  for (const client of clients) client.write(frame(text, "x"));
  for (const client of clients) expect((await client.next())?.payload.toString()).toBe("ECHO:x");
  for (const client of clients) client[Symbol.dispose]();
  if (process.env["SHOW_MEMORY"]) console.log(`${Math.round(each)} bytes each`);
  expect(each).toBeLessThan(16 * 1024);
});
