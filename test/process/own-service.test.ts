import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { expect, test } from "bun:test";
import { Watched } from "./operator-support.ts";
import { eventually } from "./support.ts";

test("[U3] was.restart replaces all workers and loses no request", async () => {
  await using watched = await Watched.start(["--workers=2"]);
  const before = await watched.service.workers();
  const waiting = watched.get("/wait");
  expect(before).toContain(Number(await watched.get("/restart")));
  await eventually(async () => {
    const now = await watched.service.workers();
    return now.length === 2 && now.every((pid) => !before.includes(pid));
  });
  expect(await waiting).toBe("waited");
  expect((await watched.overview()).reloads).toBe(1);
}, 20_000);

test("[U3] was.shutdown ends the service when its requests are answered; twice is no force", async () => {
  await using watched = await Watched.start(["--workers=2"]);
  const waiting = watched.get("/wait");
  await eventually(async () => (await watched.overview()).traffic.inFlight === 1);
  expect(await Promise.all([watched.get("/shutdown"), watched.get("/shutdown")])).toEqual(["bye", "bye"]);
  expect(await waiting).toBe("waited");
  expect((await watched.service.ended()).code).toBe(0);
}, 20_000);

test("[U3] was.gentemp is gone with its request, its directory with the worker, also of one that was killed", async () => {
  await using watched = await Watched.start(["--workers=1"]);
  const ask = async (): Promise<{ path: string; there: string; other: string }> =>
    JSON.parse(await watched.get("/temp"));
  const first = await ask();
  expect(first.there).toBe("temporary");
  expect(first.other).not.toBe(first.path);
  await eventually(() => !existsSync(first.path));
  const directory = dirname(first.path);
  const [killed] = await watched.service.workers();
  expect(directory).toContain(`-${killed}-`);
  process.kill(killed!, "SIGKILL");
  await eventually(
    async () => (await watched.overview()).restarts === 1 && (await watched.service.workers()).length === 1,
  );
  expect(existsSync(directory)).toBe(true);
  const second = await eventually(() => ask().catch(() => undefined));
  expect(existsSync(directory)).toBe(false);
  watched.service.signal("SIGTERM");
  await watched.service.ended();
  expect(readdirSync(tmpdir()).map((name) => `${tmpdir()}/${name}`)).not.toContain(dirname(second.path));
}, 20_000);

test("[U3] was.uniqid sorts by time and differs, was.timestamp is in milliseconds", async () => {
  await using watched = await Watched.start(["--workers=1"]);
  const { ids, time } = JSON.parse(await watched.get("/ids")) as { ids: [string, string]; time: number };
  expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
  expect(ids[0]).toMatch(/^\d{13}[0-9a-z]{7}$/);
  expect(ids[0]).not.toBe(ids[1]);
}, 20_000);
