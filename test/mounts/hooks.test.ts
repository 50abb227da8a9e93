import { expect, test } from "bun:test";
import { eventually, Service } from "../process/support.ts";
import { fixture, runToEnd } from "./support.ts";

const command = [process.execPath, Bun.fileURLToPath(fixture("hooks.ts"))];
const start = async (CASE: string, workers = 1): Promise<Service> => {
  const args = ["--port=0", `--workers=${workers}`];
  const service = new Service("", { command, args, env: { CASE } });
  await service.whenReady();
  return service;
};
const notes = (text: string): string[] =>
  text.split("\n").flatMap((line) => (line.startsWith(": ") ? [line.slice(2)] : []));

const begun = [
  "first __setup__",
  "first beforeMount",
  "apis __mount__",
  "first __mount__",
  "second beforeMount",
  "first mounted",
  "first's option, app true",
  "second mounted",
];
const before = ["second beforeUmount", "first beforeUmount"];
const after = ["second umounted", "first __umount__", "apis __umount__", "first umounted"];

test("[E13] the order over two mounts, with a request that runs when the worker is stopped", async () => {
  await using service = await start("");
  expect(notes(service.stdout.text)).toEqual(begun);
  const slow = fetch(await service.url("/slow"));
  await eventually(() => service.stdout.text.includes("slow begins"));
  service.signal("SIGTERM");
  expect(await (await slow).text()).toBe("slow");
  const { code, stdout } = await service.ended();
  expect([code, notes(stdout)]).toEqual([0, [...begun, "slow begins", ...before, "slow ends", ...after]]);
});

test("[E13] a reload: new workers start, old ones get beforeReload and stop, new ones reloaded", async () => {
  await using service = await start("");
  const [old] = await service.workers();
  service.signal("SIGHUP");
  await eventually(() => service.stdout.text.includes("second reloaded"));
  await eventually(async () => !(await service.workers()).includes(old!));
  const reload = notes(service.stdout.text).slice(begun.length);
  // Two processes: each has its order, and the old one is told when the new one has begun.
  const ofNew = [...begun, "first reloaded", "second reloaded"];
  const ofOld = ["second beforeReload", "first beforeReload", ...before, ...after];
  expect(reload.slice(0, begun.length)).toEqual(begun);
  expect(reload.filter((note) => ofNew.includes(note))).toEqual(ofNew);
  expect(reload.filter((note) => ofOld.includes(note))).toEqual(ofOld);
  service.signal("SIGTERM");
  const { code, stdout } = await service.ended();
  expect([code, notes(stdout).slice(begun.length + reload.length)]).toEqual([0, [...before, ...after]]);
});

test("[E13] each worker has its own", async () => {
  await using service = await start("", 3);
  service.signal("SIGTERM");
  const all = notes((await service.ended()).stdout);
  for (const note of [...begun, ...before, ...after])
    expect([note, all.filter((each) => each === note).length]).toEqual([note, 3]);
});

for (const name of ["beforeMount", "mounted"])
  test(`[E13] ${name} that throws refuses the start with one line`, async () => {
    const { exitCode, lines } = await runToEnd("hooks.ts", { CASE: name });
    expect([exitCode, lines.filter((line) => line.startsWith("skitai: "))]).toEqual([
      1,
      [`skitai: mount("/second") ${name}: threw TypeError: ${name} fails`],
    ]);
  });

for (const name of ["beforeUmount", "umounted"])
  test(`[E13] ${name} that throws is logged and harms nobody`, async () => {
    await using service = await start(name);
    service.signal("SIGTERM");
    const { code, stdout } = await service.ended();
    expect([code, notes(stdout)]).toEqual([0, [...begun, ...before, ...after]]);
    expect(stdout).toContain(`[expt] SkitaiError: mount("/second") ${name}: threw TypeError: ${name} fails`);
  });

test("[E13] maintain is called again and again, never twice at once, and goes on when it throws", async () => {
  await using service = await start("maintain");
  await eventually(() => service.stdout.text.includes("maintain 4"));
  service.signal("SIGTERM");
  const { code, stdout } = await service.ended();
  const calls = notes(stdout).filter((note) => note.startsWith("maintain"));
  expect([code, calls]).toEqual([0, calls.map((_, index) => `maintain ${index + 1} 1 true`)]);
  expect(stdout.match(/\[expt\] .* maintain: threw Error: the first time/g)).toHaveLength(1);
});

test("[E13] wrong hooks and intervals are refused", async () => {
  const interval = await runToEnd("hooks.ts", { CASE: "interval" });
  expect(interval.lines).toEqual([
    'skitai: mount("/x") maintainInterval: "often" is not accepted; accepted: 0.01 seconds to 1 day',
  ]);
  const { exitCode, lines } = await runToEnd("hooks.ts", { CASE: "names" });
  expect(exitCode).toBe(1);
  expect(lines).toEqual([
    expect.stringMatching(
      /^skitai: mount\("\/x"\) hooks: .* is not accepted; accepted: functions beforeMount, mounted, beforeReload, reloaded, beforeUmount, umounted, maintain, and maintainInterval, 0.01 seconds to 1 day$/,
    ) as string,
  ]);
});
