import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { Watched } from "./operator-support.ts";
import { eventually, fixture, runScript } from "./support.ts";

const begins = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith("begin"));
const pidOf = (line: string): number => Number(line.split(" ")[1]);
const often = { EVERY_SECOND: "1" };

/** The fixture ticks every second, on the second. */
describe("[U5] sched", () => {
  test("runs once in the whole service, in the first worker, and when that dies in another", async () => {
    await using watched = await Watched.start(["--workers=3"], often);
    const started = Date.now();
    await eventually(async () => begins(await watched.lines()).length >= 2);
    const lines = begins(await watched.lines());
    expect(new Set(lines).size).toBe(1);
    const seconds = (Date.now() - started) / 1000;
    expect(lines.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    const leader = pidOf(lines[0]!);
    expect((await watched.overview()).workers.find(({ index }) => index === 0)?.pid).toBe(leader);
    process.kill(leader, "SIGKILL");
    const next = await eventually(async () =>
      begins(await watched.lines()).find((line) => pidOf(line) !== leader),
    );
    expect(await watched.service.workers()).toContain(pidOf(next));
    const { schedules, states } = await watched.overview();
    const tick = schedules.find(({ name }) => name === "tick")!;
    expect(tick).toMatchObject({ cron: "*/5 * * * *", last: { outcome: "ok" } });
    expect(tick.next[0]).toBeGreaterThan(Date.now() - 2000);
    expect(tick.next.length).toBe(3);
    expect(states["tick.count"]).toBeGreaterThanOrEqual(3);
  }, 20_000);

  test("a run that is cut with its worker is not repeated, the next time comes", async () => {
    await using watched = await Watched.start(["--workers=2"], { ...often, RUN_TIME: "60000" });
    const first = await eventually(async () => begins(await watched.lines())[0]);
    process.kill(pidOf(first), "SIGKILL");
    await eventually(async () => begins(await watched.lines()).length === 2);
    const { schedules } = await watched.overview();
    expect(schedules[0]).toMatchObject({ name: "tick", running: true, last: { outcome: "cut" } });
    const runs = 'skitai_scheduled_runs_total{name="tick",outcome="cut"}';
    expect((await watched.metrics()).get(runs)).toBe(1);
    expect((await watched.service.stdout.text) + watched.service.stderr.text).toContain(
      'scheduled "tick" was cut',
    );
  }, 20_000);

  test("a reload lets the run finish in the old worker, and none begins beside it", async () => {
    await using watched = await Watched.start(["--workers=2"], { ...often, RUN_TIME: "2500" });
    const first = await eventually(async () => begins(await watched.lines())[0]);
    const old = await watched.service.workers();
    watched.service.signal("SIGHUP");
    await eventually(async () => {
      const { reloads, schedules } = await watched.overview();
      return reloads === 1 && schedules[0]?.running;
    });
    await eventually(async () => begins(await watched.lines()).length === 2);
    const lines = await watched.lines();
    expect(lines.slice(0, 2)).toEqual([first, first.replace("begin", "end")]);
    expect(old).toContain(pidOf(first));
    expect(old).not.toContain(pidOf(lines[2]!));
    // Times that came meanwhile were left out.
    const skipped = 'skitai_scheduled_runs_total{name="tick",outcome="skipped"}';
    expect((await watched.metrics()).get(skipped)).toBeGreaterThan(0);
  }, 20_000);

  test("what it throws is logged, and the next run comes", async () => {
    await using watched = await Watched.start(["--workers=1"], often);
    const runs = 'skitai_scheduled_runs_total{name="report",outcome="failed"}';
    await eventually(async () => ((await watched.metrics()).get(runs) ?? 0) >= 2);
    const { schedules, errors } = await watched.overview();
    expect(schedules[1]).toMatchObject({
      name: "report",
      timezone: "Europe/Berlin",
      last: { outcome: "failed" },
    });
    expect(errors[0]!.text).toBe("Error: no report today");
  }, 20_000);

  test("a stop waits for the run that goes on", async () => {
    await using watched = await Watched.start(["--workers=1"], { ...often, RUN_TIME: "700" });
    await eventually(async () => begins(await watched.lines()).length === 1);
    watched.service.signal("SIGTERM");
    expect((await watched.service.ended()).code).toBe(0);
    const lines = await watched.lines();
    expect(lines.filter((line) => line.startsWith("end")).length).toBe(begins(lines).length);
  }, 20_000);

  test("a job runs in a thread, with its name and time", async () => {
    await using watched = await Watched.start(["--workers=1"], often, [
      process.execPath,
      fixture("scheduled-job.ts"),
    ]);
    const line = await eventually(async () => (await watched.lines())[0]);
    expect(line).toMatch(/^nightly false \d{4}-/);
  }, 20_000);

  test("wrong times, zones, names and works are told before anything starts", async () => {
    await using watched = await Watched.start(["--workers=1"]);
    const script = join(watched.base, "wrong.ts");
    writeFileSync(
      script,
      `import * as skitai from ${JSON.stringify(fixture("../../../src/index.ts"))};
      const work = () => {};
      skitai.sched("61 * * * *", work);
      skitai.sched("0 0 30 2 *", work, { name: "never" });
      skitai.sched("* * * * *", work, { timezone: "Mars/Olympus", name: "mars" });
      skitai.sched("* * * * *", "work" as never);
      skitai.sched("* * * * *", work);
      skitai.sched("* * * * *", work);
      skitai.sched("* * * * *", work, { every: 5, name: "every" } as never);
      skitai.sched("* * * * *", work, { name: "a\\nb" });
      await skitai.run({ port: 0 });`,
    );
    const { code, stderr } = await runScript("", { command: [process.execPath, script] });
    expect(code).toBe(1);
    const lines = stderr.trim().split("\n");
    const parts = [
      'sched: "61 * * * *" is not accepted; accepted: five fields',
      'sched: "0 0 30 2 *" is not accepted; accepted: times that come within eight years',
      'timezone of sched("* * * * *"): "Mars/Olympus" is not accepted',
      'sched("* * * * *"): "work" is not accepted; accepted: a function',
      'name of sched("* * * * *"): "work" is not accepted; accepted: one that no other',
      'sched("* * * * *"): "every" is not accepted; accepted: timezone, overlap or name',
      "name of sched",
    ];
    for (const [place, part] of parts.entries()) expect(lines[place]).toContain(part);
  }, 20_000);
});
