import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { ApplicationLog } from "../../src/log/application.ts";
import { Sink } from "../../src/log/sink.ts";
import { startUpkeep } from "../../src/process/upkeep.ts";
import { eventually, fixture, Service } from "./support.ts";

const memoryLine = /\[memory\] rss [\d.]+ MB, heap [\d.]+ MB of [\d.]+ MB, external [\d.]+ MB$/gm;

test("[O2] ---memtrack logs the memory of every worker, at least at start and stop", async () => {
  await using service = await Service.ready("app.ts", { args: ["---memtrack", "--workers=2"] });
  await eventually(() => service.stdout.text.match(memoryLine)?.length === 2);
  service.signal("SIGTERM");
  expect((await service.ended()).stdout.match(memoryLine)).toHaveLength(4);
});

test("[O2] without it nothing is logged", async () => {
  await using service = await Service.ready("app.ts", { args: ["---gc"] });
  service.signal("SIGTERM");
  const { code, stdout } = await service.ended();
  expect(code).toBe(0);
  expect(stdout).not.toContain("[memory]");
});

test("[O2] ---profile: each worker leaves a CPU profile in the script's directory, the master none", async () => {
  const directory = await mkdtemp(join(tmpdir(), "profile-"));
  await writeFile(join(directory, "serve.ts"), `import ${JSON.stringify(fixture("app.ts"))};`);
  const command = [process.execPath, join(directory, "serve.ts")];
  await using service = await Service.ready("", { command, args: ["---profile", "--workers=2"] });
  await fetch(await service.url());
  service.signal("SIGTERM");
  expect((await service.ended()).code).toBe(0);
  const profiles = (await readdir(directory)).filter((name) => name.endsWith(".cpuprofile"));
  expect(profiles).toHaveLength(2);
  for (const name of profiles)
    expect(await Bun.file(join(directory, name)).json()).toMatchObject({ nodes: expect.any(Array) });
});

/** An object that is garbage at once, and whether it was collected. */
function garbage(): WeakRef<object> {
  return new WeakRef({ large: new Array(1000).fill(0) });
}

test("[O2] ---gc and ---memtrack work again and again; garbage is collected only while nothing is pending", async () => {
  const file = join(await mkdtemp(join(tmpdir(), "upkeep-")), "server.log");
  const log = new ApplicationLog(new Sink({ path: file }));
  const server = { pendingRequests: 1 };
  const collected: number[] = [];
  const gc = Bun.gc;
  Bun.gc = (force) => {
    collected.push(server.pendingRequests);
    return gc(force);
  };
  try {
    const end = startUpkeep({ gc: true, memtrack: true }, server, log, 10);
    const lines = async (): Promise<number> => {
      log.flush();
      return (await Bun.file(file).text()).match(memoryLine)?.length ?? 0;
    };
    await eventually(async () => (await lines()) >= 3);
    expect(collected).toEqual([]);
    server.pendingRequests = 0;
    const reference = garbage();
    await eventually(() => collected.length >= 2 && reference.deref() === undefined);
    expect(collected).not.toContain(1);
    const before = await lines();
    end();
    const after = await lines();
    expect(after).toBeGreaterThan(before);
    const looks = collected.length;
    await Bun.sleep(50);
    expect([await lines(), collected.length]).toEqual([after, looks]);
  } finally {
    Bun.gc = gc;
  }
});
