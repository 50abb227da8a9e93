import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

// Measures itself when asked, by the name of what: `/events?seconds=3` answers with numbers by name.

const { was } = skitai;
const events = skitai.events();
skitai.registerStates("meter");

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** What another worker says, one after the other. */
function answers(name: string): () => Promise<number> {
  const waiting: number[] = [];
  let wake: ((value: number) => void) | undefined;
  events.onBroadcast(name, (from: number, value: number) => {
    if (from === process.pid) return;
    if (wake === undefined) return void waiting.push(value);
    wake(value);
    wake = undefined;
  });
  return async () => waiting.shift() ?? (await new Promise<number>((resolve) => (wake = resolve)));
}

let accompanied = false;
events.onBroadcast("here", (from: number) => {
  if (from === process.pid || accompanied) return;
  accompanied = true;
  was.broadcastAll("here", process.pid);
});

/** The other worker may start later. */
async function company(): Promise<void> {
  for (; !accompanied; await Bun.sleep(10)) was.broadcastAll("here", process.pid);
}

const pong = answers("pong");
const heard = answers("heard");
const held = answers("held");
events.onBroadcast("ping", (from: number) => {
  if (from !== process.pid) was.broadcastAll("pong", process.pid, 0);
});
let count = 0;
events.onBroadcast("event", (from: number) => {
  if (from !== process.pid && ++count % window === 0) was.broadcastAll("heard", process.pid, count);
});
events.onBroadcast("hold", async (from: number, seconds: number) => {
  if (from !== process.pid) was.broadcastAll("held", process.pid, await holds(seconds));
});

/** Events between two answers of who hears them; so many windows are on the way. */
const window = 1000;
const ahead = 4;

const isOver = (seconds: number): (() => boolean) => {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() >= end;
};

async function measureEvents(seconds: number): Promise<Record<string, number>> {
  const times: number[] = [];
  for (const over = isOver(seconds / 2); !over();) {
    const begun = performance.now();
    const answer = pong();
    was.broadcastAll("ping", process.pid);
    await answer;
    times.push((performance.now() - begun) / 2);
  }
  const speak = (): void => {
    for (let n = 0; n < window; n++) was.broadcastAll("event", process.pid, n);
  };
  const begun = performance.now();
  let events = 0;
  for (let n = 1; n < ahead; n++) speak();
  for (const over = isOver(seconds / 2); !over(); events += window) {
    speak();
    await heard();
  }
  const rate = (events * 1000) / (performance.now() - begun);
  for (let n = 1; n < ahead; n++) await heard();
  return { "ms to another worker, p50": middle(times), "events/s": rate };
}

function nanoseconds(seconds: number, act: () => unknown): number {
  const loops: number[] = [];
  for (const over = isOver(seconds); !over();) {
    const begun = Bun.nanoseconds();
    for (let n = 0; n < 100_000; n++) act();
    loops.push((Bun.nanoseconds() - begun) / 100_000);
  }
  return middle(loops);
}

const measureWords = (seconds: number): Record<string, number> => ({
  "getgs ns": nanoseconds(seconds / 2, () => was.getgs("meter")),
  "incgs ns": nanoseconds(seconds / 2, () => was.incgs("meter")),
});

async function holds(seconds: number): Promise<number> {
  let count = 0;
  for (const over = isOver(seconds); !over(); count++) await was.getLock("meter").run(() => {});
  return count;
}

async function measureLocks(seconds: number): Promise<Record<string, number>> {
  const alone = await holds(seconds / 2);
  const others = held();
  was.broadcastAll("hold", process.pid, seconds / 2);
  const contended = (await holds(seconds / 2)) + (await others);
  return { "ms, alone": (seconds * 500) / alone, "of two workers/s": contended / (seconds / 2) };
}

const meters: Record<string, (seconds: number) => unknown> = {
  "/events": measureEvents,
  "/words": measureWords,
  "/locks": measureLocks,
};
skitai.mount("/", async (request) => {
  const { pathname, searchParams } = new URL(request.url);
  const meter = meters[pathname];
  if (meter === undefined) return new Response("Hello World");
  await company();
  return Response.json(await meter(Number(searchParams.get("seconds"))));
});
await run();
