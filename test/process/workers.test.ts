import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { WorkerSlot } from "../../src/process/worker-slot.ts";
import { eventually, Pinned, pinEach, runScript, Service } from "./support.ts";

const startsFile = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), "starts-")), "starts");
const startTimes = (file: string): number[] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => Number(line.split(" ")[1]));

/** Asks again and again, until it is ended; counts, and keeps what went wrong. */
class Load {
  count = 0;
  readonly errors: string[] = [];
  readonly #loop: Promise<void>;
  #over = false;

  constructor(ask: () => Promise<unknown>) {
    this.#loop = this.#run(ask);
  }

  end(): Promise<void> {
    this.#over = true;
    return this.#loop;
  }

  async #run(ask: () => Promise<unknown>): Promise<void> {
    for (; !this.#over; this.count++) await ask().catch((error: Error) => this.errors.push(error.message));
  }
}

async function askOnce(port: number): Promise<string> {
  using pin = await Pinned.open(port);
  return (await pin.get("/")).body;
}

test("[W1] a worker killed -9 under load is back within a second, the other worker's clients never see an error", async () => {
  await using service = await Service.ready("app.ts", { args: ["--workers=2"] });
  const port = await service.port();
  const [victim, other] = (await service.workers()) as [number, number];
  const pins = await pinEach(port, [victim, other]);
  const kept = new Load(() => pins.get(other)!.get("/"));
  const fresh = Array.from({ length: 4 }, () => new Load(() => askOnce(port)));
  await eventually(() => kept.count > 10 && fresh.every(({ count }) => count > 10));
  const killedAt = performance.now();
  process.kill(victim, "SIGKILL");
  const successor = await eventually(async () => {
    const pid = Number(await askOnce(port).catch(() => other));
    return pid !== other && pid !== victim && pid;
  });
  expect(performance.now() - killedAt).toBeLessThan(1000);
  await Promise.all([kept, ...fresh].map((load) => load.end()));
  expect(kept.errors).toEqual([]);
  // New connections lose at most what was in flight to the victim, or not accepted by it yet.
  for (const { errors } of fresh) expect(errors.length).toBeLessThanOrEqual(2);
  expect(await service.workers()).toEqual([other, successor].sort((a, b) => a - b));
  expect(service.stdout.text).toContain("worker #0 ended: signal SIGKILL, starting it again in 100 ms");
});

test("[W1] a worker that dies at start is started 4 times with growing pauses, then exit code 1 with its error", async () => {
  const STARTS = await startsFile();
  const run = await runScript("failing.ts", { args: ["--port=0"], env: { STARTS, FAIL: "throw" } });
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("error: worker is broken");
  expect(run.stderr).toEndWith(
    "skitai: worker: did not start in 4 attempts (exit code 1), its error is above\n",
  );
  const times = startTimes(STARTS);
  expect(times).toHaveLength(4);
  const pauses = times.slice(1).map((time, n) => time - times[n]!);
  for (const [n, least] of [100, 200, 400].entries()) expect(pauses[n]).toBeGreaterThanOrEqual(least);
});

test("[W1] a mount that refuses is one line, exit code 1, and is not tried again", async () => {
  const STARTS = await startsFile();
  const run = await runScript("failing.ts", {
    args: ["--port=0", "--workers=1"],
    env: { STARTS, FAIL: "refuse" },
  });
  expect(run.code).toBe(1);
  expect(run.stderr.split("\n")).toHaveLength(2);
  expect(run.stderr).toStartWith("skitai: ");
  expect(run.stderr).toContain("app_without_export.ts");
  expect(startTimes(STARTS)).toHaveLength(1);
});

test("[W1] a script that throws at top level ends with 1 and its error, and starts nothing", async () => {
  const run = await runScript("failing.ts", { env: { FAIL: "top" } });
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("error: top level is broken");
  expect(run.stdout).toBe("");
});

test("[W1] one worker that cannot start takes those that serve along, and nothing is left", async () => {
  const STARTS = await startsFile();
  await using service = new Service("failing.ts", {
    args: ["--port=0", "--workers=3"],
    env: { STARTS, FAIL: "2" },
  });
  const { code, stderr } = await service.ended();
  expect(code).toBe(1);
  expect(stderr).toContain("did not start in 4 attempts");
  expect(await service.left()).toEqual([]);
});

test("[W1] a worker that dies again and again is started with growing pauses while the other serves on", async () => {
  const STARTS = await startsFile();
  await using service = await Service.ready("failing.ts", {
    args: ["--workers=2"],
    env: { STARTS, FAIL: "2" },
  });
  const workers = await service.workers();
  const pins = await pinEach(await service.port(), workers);
  const [victim, other] = [pins.get(workers[0]!)!, pins.get(workers[1]!)!];
  await expect(victim.get("/exit/")).rejects.toThrow();
  // Every further start fails now; after three of them the pauses have grown.
  await eventually(() => startTimes(STARTS).length >= 5);
  const times = startTimes(STARTS).slice(2);
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(200);
  expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(400);
  expect((await other.get("/")).body).toBe(String(workers[1]));
  expect(service.stdout.text).toContain("ended: exit code 7, starting it again in 100 ms");
  // A stop does not wait for the end of a pause.
  const asked = performance.now();
  service.signal("SIGTERM");
  expect((await service.ended()).code).toBe(0);
  expect(performance.now() - asked).toBeLessThan(700);
});

test("[W1] a worker that served and died while another was still starting is there when the service is", async () => {
  const STARTS = await startsFile();
  await using service = new Service("slow-second.ts", { args: ["--port=0", "--workers=2"], env: { STARTS } });
  const first = await eventually(async () => {
    const url = /first serves on (\d+)/.exec(service.stdout.text)?.[1];
    return url !== undefined && Number(url);
  });
  process.kill(first, "SIGKILL");
  await service.whenReady();
  await eventually(async () => (await service.workers()).length === 2);
  const workers = await service.workers();
  expect(workers).not.toContain(first);
  await pinEach(await service.port(), workers);
});

test("[W1] workers of a master that is killed end by themselves, also those that still start", async () => {
  await using service = await Service.ready("app.ts", { args: ["--workers=2"] });
  service.signal("SIGKILL");
  expect(await service.left()).toEqual([]);
});

test("[W1] requests in flight finish when the master is killed", async () => {
  await using service = await Service.ready("app.ts");
  using pin = await Pinned.open(await service.port());
  await pin.get("/");
  const answer = pin.get("/slow?ms=400");
  service.signal("SIGKILL");
  expect((await answer).body).toBe("slept");
  expect(await service.left()).toEqual([]);
});

test("[W1] a process that cannot be made is tried again like one that dies", async () => {
  let attempts = 0;
  const slot = new WorkerSlot(0, () => {
    attempts++;
    throw new Error("EAGAIN: resource temporarily unavailable");
  });
  await expect(slot.served).rejects.toThrow(
    "worker: did not start in 4 attempts (Error: EAGAIN: resource temporarily unavailable), its error is above",
  );
  await slot.ended;
  expect(attempts).toBe(4);
});

test("[W1] an idle master uses no CPU but Bun's look at its heap, once a second", async () => {
  await using service = await Service.ready("app.ts", { args: ["--workers=2"] });
  // Nanoseconds on a CPU, sched-stats.rst. What the start left to do is done after a second.
  const used = async (): Promise<number> =>
    Number((await Bun.file(`/proc/${service.pid}/schedstat`).text()).split(" ")[0]);
  await Bun.sleep(1000);
  const before = await used();
  await Bun.sleep(2000);
  // 1 ms here; a poll every 10 ms would be 20.
  expect((await used()) - before).toBeLessThan(10e6);
});
