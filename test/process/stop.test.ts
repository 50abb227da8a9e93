import { mkdtemp, readdir, readlink, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { eventually, Pinned, pinEach, Service, statOf } from "./support.ts";

for (const [signal, deliver] of [
  ["SIGTERM", "signal"],
  ["SIGINT", "signal"],
  // Ctrl-C: the terminal sends it to the workers too.
  ["SIGINT", "signalGroup"],
] as const)
  test(`[W5] ${signal} (${deliver}): what is in flight finishes, then exit code 0`, async () => {
    await using service = await Service.ready("app.ts", { args: ["--workers=2"] });
    const port = await service.port();
    const workers = await service.workers();
    const pins = await pinEach(port, workers);
    const [busy, idle] = workers.map((pid) => pins.get(pid)!) as [Pinned, Pinned];
    const answer = busy.get("/slow?ms=700");
    service[deliver](signal);
    await idle.closed();
    await eventually(() =>
      Pinned.open(port).then(
        (pin) => pin[Symbol.dispose](),
        (error) => error.code === "ECONNREFUSED",
      ),
    );
    const { status, head, body } = await answer;
    expect([status, body]).toEqual([200, "slept"]);
    expect(head).toMatch(/^connection: close$/im);
    await busy.closed();
    const { code, stderr, stdout } = await service.ended();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toContain("starting it again");
    expect(stdout).not.toContain("behind run()");
    expect(await service.left()).toEqual([]);
  });

test("[W5] a stream without end is cut when the grace time is over", async () => {
  await using service = await Service.ready("app.ts", { args: ["--grace-timeout=0.5"] });
  const response = await fetch(await service.url("/events"));
  const reader = response.body!.getReader();
  await reader.read();
  const started = performance.now();
  service.signal("SIGTERM");
  const { code, stdout } = await service.ended();
  expect(code).toBe(0);
  expect(performance.now() - started).toBeGreaterThanOrEqual(500);
  expect(performance.now() - started).toBeLessThan(2500);
  expect(stdout).toContain("requests were still running after 0.5 s and were cut");
  await reader.cancel().catch(() => {});
});

test("[W5] a second signal ends it at once with exit code 2", async () => {
  await using service = await Service.ready("app.ts", { args: ["--workers=2"] });
  using pin = await Pinned.open(await service.port());
  await pin.get("/");
  const lost = pin.get("/slow?ms=20000").catch((error: Error) => error.message);
  service.signal("SIGINT");
  // One Ctrl-C may come twice, from the terminal and from npm: only what comes later than 100 ms is the second.
  await Bun.sleep(20);
  service.signal("SIGINT");
  await Bun.sleep(150);
  expect((await statOf(service.pid))[0]).not.toBe("Z");
  const started = performance.now();
  service.signal("SIGINT");
  expect((await service.ended()).code).toBe(2);
  expect(performance.now() - started).toBeLessThan(500);
  expect(await lost).toMatch(/closed|ECONNRESET/);
  expect(await service.left()).toEqual([]);
});

test("[W5] a worker that does not even hear the signal is killed after the grace time: exit code 2", async () => {
  await using service = await Service.ready("app.ts", { args: ["--grace-timeout=0"] });
  using pin = await Pinned.open(await service.port());
  await pin.get("/");
  const lost = pin.get("/block?ms=60000").catch((error: Error) => error.message);
  await Bun.sleep(50);
  service.signal("SIGTERM");
  expect((await service.ended()).code).toBe(2);
  expect(await lost).toMatch(/closed|ECONNRESET/);
});

test("[W5] a stop during the start: exit code 0, nothing is announced, nothing left", async () => {
  for (const env of [{ FAIL: "hang" }, { FAIL: "throw" }]) {
    await using service = new Service("failing.ts", { args: ["--port=0", "--workers=2"], env });
    await eventually(async () => (await service.workers()).length === 2);
    service.signal("SIGTERM");
    const { code, stdout } = await service.ended();
    expect(code).toBe(0);
    expect(stdout).not.toContain("serves http");
    expect(await service.left()).toEqual([]);
  }
});

test("[W5] SIGUSR1 opens the log files anew, those of all processes", async () => {
  const LOGS = await mkdtemp(join(tmpdir(), "logs-"));
  await using service = await Service.ready("app.ts", { args: ["--workers=2"], env: { LOGS } });
  const url = await service.url("/?before");
  await fetch(url);
  const file = join(LOGS, "request.log");
  await eventually(async () => (await Bun.file(file).text()).includes("/?before"));
  await rename(file, `${file}.1`);
  await rename(join(LOGS, "server.log"), join(LOGS, "server.log.1"));
  service.signal("SIGUSR1");
  const workers = await service.workers();
  await eventually(async () => {
    const open = await Promise.all([service.pid, ...workers].map(opened));
    return open.every((names) => names.includes(file) && !names.includes(`${file}.1`));
  });
  await fetch(await service.url("/?after"));
  await eventually(async () => (await Bun.file(file).text()).includes("/?after"));
  expect(await Bun.file(`${file}.1`).text()).not.toContain("/?after");
  // What the master says goes there, too.
  process.kill(workers[0]!, "SIGKILL");
  await eventually(async () =>
    (await Bun.file(join(LOGS, "server.log")).text()).includes("ended: signal SIGKILL"),
  );
});

test("[W5] SIGTTIN adds a worker and SIGTTOU drops one, and no kept connection loses a request", async () => {
  await using service = await Service.ready("app.ts", { args: ["--workers=1"] });
  const port = await service.port();
  const [first] = await service.workers();
  service.signal("SIGTTIN");
  const [second] = (await eventually(async () => {
    const workers = (await service.workers()).filter((pid) => pid !== first);
    return workers.length > 0 && workers;
  })) as [number];
  const pins = await pinEach(port, [first!, second]);
  const leaving = pins.get(second)!;
  const answer = leaving.get("/slow?ms=300");
  service.signal("SIGTTOU");
  expect((await answer).body).toBe("slept");
  await leaving.closed();
  await eventually(async () => (await service.workers()).length === 1);
  expect(await service.workers()).toEqual([first!]);
  expect((await pins.get(first!)!.get("/")).body).toBe(String(first));
  // Never none.
  service.signal("SIGTTOU");
  service.signal("SIGTTIN");
  await eventually(async () => (await service.workers()).length === 2);
  expect(await service.workers()).toContain(first!);
  expect(service.stdout.text).not.toContain("starting it again");
});

test("[W5] a worker is added while a dropped one with the same place still drains; a stop waits for both", async () => {
  await using service = await Service.ready("app.ts", { args: ["--workers=2"] });
  const workers = await service.workers();
  const port = await service.port();
  const draining = (await pinEach(port, workers)).get(workers[1]!)!;
  const watching = (await pinEach(port, workers)).get(workers[1]!)!;
  const answer = draining.get("/slow?ms=1500");
  service.signal("SIGTTOU");
  // It says that it closes; when this process slept meanwhile, it has closed.
  await eventually(() =>
    watching.get("/").then(
      ({ head }) => /^connection: close$/im.test(head),
      () => true,
    ),
  );
  service.signal("SIGTTIN");
  await eventually(async () => (await titles(service)).length === 3);
  const name = "skitai/fixtures-app: worker";
  expect(await titles(service)).toEqual([`${name} #0`, `${name} #1`, `${name} #2`]);
  service.signal("SIGTERM");
  expect((await answer).body).toBe("slept");
  const { code } = await service.ended();
  expect(code).toBe(0);
});

/** Command lines of the workers that have got as far as to have one of their own. */
async function titles(service: Service): Promise<string[]> {
  const workers = await service.workers();
  const lines = await Promise.all(workers.map((pid) => Bun.file(`/proc/${pid}/cmdline`).text()));
  return lines
    .map((line) => line.replace(/\0+$/, ""))
    .filter((line) => line.startsWith("skitai/"))
    .sort();
}

/** Names of the files a process has open. */
async function opened(pid: number): Promise<string[]> {
  const fds = await readdir(`/proc/${pid}/fd`);
  return Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
}
