import { afterAll, beforeAll, expect, test } from "bun:test";
import { EventHub } from "../../src/state/events.ts";
import { Bus } from "../../src/state/bus.ts";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(new URL("./fixtures/events.ts", import.meta.url));
});
afterAll(() => server.stop());

type Answer<Data> = [pid: number, data: Data];
const once = { headers: { connection: "close" } };
const act = async (path: string): Promise<number> => (await server.get<Answer<unknown>>(path, once)).data[0];

/** What each worker has seen since it was asked last; asks until it is `enough`. */
async function seen(enough: (all: Map<number, unknown[][]>) => boolean): Promise<Map<number, unknown[][]>> {
  const all = new Map<number, unknown[][]>();
  const deadline = Date.now() + 10_000;
  while (!enough(all)) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${Bun.inspect(all).slice(0, 500)}`);
    const [pid, events] = (await server.get<Answer<unknown[][]>>("/seen", once)).data;
    all.set(pid, [...(all.get(pid) ?? []), ...events]);
  }
  return all;
}
const workers = 3;
const each = (count: number) => (all: Map<number, unknown[][]>) =>
  all.size === workers && [...all.values()].every((events) => events.length >= count);

test("[H3] an app's own event stays in the app", async () => {
  const pid = await act("/own");
  const all = await seen((found) => found.size === workers && found.get(pid)!.length > 0);
  expect([...all.values()].flat()).toEqual([["one own", 1]]);
});

test("[H3] a broadcast reaches all apps of the worker, broadcastAll those of all workers", async () => {
  const pid = await act("/worker");
  const here = await seen((found) => found.size === workers && found.get(pid)!.length > 1);
  expect([...here.values()].flat()).toEqual([
    ["one news", { a: 1 }],
    ["two news", { a: 1 }],
  ]);
  await act("/all");
  const all = await seen(each(2));
  for (const events of all.values())
    expect(events).toEqual([
      ["one news", "all"],
      ["two news", "all"],
    ]);
});

test("[H2 H3] setlu says model-changed:NAME on all workers", async () => {
  await act("/change");
  for (const events of (await seen(each(2))).values())
    expect(events).toEqual([
      ["one changed", "why"],
      ["two changed", "why"],
    ]);
});

test("[H3] each worker gets each event once, in the order of its sender", async () => {
  const senders = await Promise.all([act("/numbers"), act("/numbers"), act("/numbers"), act("/numbers")]);
  const all = await seen(each(5000 * senders.length));
  for (const events of all.values()) {
    expect(events).toHaveLength(5000 * senders.length);
    for (const sender of new Set(senders)) {
      const rounds = senders.filter((pid) => pid === sender).length;
      const numbers = events.filter(([from]) => from === sender).map(([, number]) => number);
      expect(numbers).toEqual(Array.from({ length: 5000 * rounds }, (_, i) => i % 5000));
    }
  }
});

test("[H3] a handler that throws is logged and harms nobody", async () => {
  await act("/bad");
  for (const events of (await seen(each(1))).values()) expect(events).toEqual([["after bad"]]);
  await eventually(
    () => (server.output.match(/Error: (async )?handler of bad/g) ?? []).length >= 6,
    "six entries",
  );
});

test("[H3] what cannot be sent is refused", async () => {
  for (const path of ["/circle", "/large"]) expect((await server.get(path)).status).toBe(500);
  await eventually(
    () => server.output.includes("what JSON can say") && server.output.includes("1048576 characters"),
    "both reasons",
  );
  await seen((found) => found.size === workers);
});

test("[H3] others go on when a worker is killed, and the one in its place listens", async () => {
  const before = new Set((await seen((found) => found.size === workers)).keys());
  await server.get("/kill").catch(() => {});
  await seen((found) => [...found.keys()].some((pid) => !before.has(pid)));
  await act("/all");
  for (const events of (await seen(each(2))).values())
    expect(events.map(([name]) => name)).toEqual(["one news", "two news"]);
});

test("[H3] without a service a process tells itself", () => {
  const hub = new EventHub(new Bus("here", () => {}), () => {});
  const heard: unknown[] = [];
  const events = hub.events();
  const end = events.onBroadcast("x", (...args) => heard.push(args));
  events.once("y", (...args) => heard.push(args));
  hub.broadcastAll("x", 1);
  end();
  hub.broadcastAll("x", 2);
  events.emit("y", 3);
  events.emit("y", 4);
  expect(heard).toEqual([[1], [3]]);
});
