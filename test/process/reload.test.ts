import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { StrictLoad } from "./reload-load.ts";
import { eventually, Pinned, Service } from "./support.ts";

/** Fifty of them: RELOADS=50 bun test test/process/reload.test.ts */
const reloads = Number(process.env["RELOADS"] ?? 4);
const migrates = "/proc/sys/net/ipv4/tcp_migrate_req";
const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

function versionFile(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "version-"));
  chmodSync(directory, 0o755);
  const file = join(directory, "version");
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}

async function ask(port: number, path = "/"): Promise<string> {
  using pin = await Pinned.open(port);
  return (await pin.get(path)).body;
}

/** The new version answers for good when every old worker has left the group. */
async function reload(service: Service, file: string, version: string): Promise<number> {
  const port = await service.port();
  const started = performance.now();
  writeFileSync(file, version);
  service.signal("SIGHUP");
  for (let row = 0; row < 12;) row = (await ask(port)) === version ? row + 1 : 0;
  return performance.now() - started;
}

const at = (times: readonly number[], part: number): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length * part)] ?? 0;

interface Case {
  readonly user: string;
  readonly through: readonly string[];
  readonly workers: number;
  readonly migrate: string;
}

const cases: readonly Case[] = [
  { user: "this user", through: [], workers: 2, migrate: "1" },
  { user: "this user", through: [], workers: 1, migrate: "0" },
  { user: "nobody", through: nobody, workers: 2, migrate: "0" },
];
const isRoot = process.getuid?.() === 0;

for (const { user, through, workers, migrate } of cases) {
  test.skipIf(!isRoot)(
    `[W4] ${reloads} reloads of ${workers} worker(s) as ${user}, tcp_migrate_req ${migrate}: no request fails, and then only the new version answers`,
    async () => {
      const before = readFileSync(migrates, "utf8");
      writeFileSync(migrates, migrate);
      try {
        const VERSION = versionFile("v0");
        await using service = await Service.ready("versioned.ts", {
          args: [`--workers=${workers}`],
          env: { VERSION, HOME: tmpdir() },
          through,
        });
        const port = await service.port();
        const load = new StrictLoad(port).fresh(32).kept(32).slow(4).uploads(2).streams(2);
        await eventually(() => load.times.length > 500);
        const steady = at(load.times.splice(0), 0.99);
        const took: number[] = [];
        for (let n = 1; n <= reloads; n++) took.push(await reload(service, VERSION, `v${n}`));
        const during = at(load.times, 0.99);
        await load.end();
        expect(load.failures).toEqual([]);
        expect(load.seen).toContain(`v${reloads}`);
        if (process.env["RELOADS"])
          console.log(
            `${load.times.length} requests, reload ms ${took.map(Math.round).join(" ")}, p99 ms steady ${steady}, during ${during}`,
          );
      } finally {
        writeFileSync(migrates, before);
      }
    },
    60_000 + reloads * 5000,
  );
}

for (const [version, reason] of [
  ["crash", "exit code 3"],
  ["hang", "did not start within 0.5 s"],
] as const) {
  test(`[W4] a new version that is to ${version} leaves the old one serving, and the next one takes over`, async () => {
    const VERSION = versionFile("good");
    const RUN = JSON.stringify({ startTimeout: 5, workers: 2 });
    await using service = await Service.ready("versioned.ts", {
      args: version === "hang" ? ["--start-timeout=0.5"] : [],
      env: { VERSION, RUN },
    });
    const workers = await service.workers();
    writeFileSync(VERSION, version);
    service.signal("SIGHUP");
    const said = `reload failed, the workers before it serve on: new worker: ${reason}`;
    await eventually(() => service.stdout.text.includes(said));
    expect(service.stdout.text.split(said)).toHaveLength(2);
    expect(await service.workers()).toEqual(workers);
    expect(await ask(await service.port())).toBe("good");
    await reload(service, VERSION, "better");
    service.signal("SIGTERM");
    expect((await service.ended()).code).toBe(0);
  });
}

test("[W4] a stop during a reload ends old and new workers: exit code 0, nothing left", async () => {
  const VERSION = versionFile("one");
  await using service = await Service.ready("versioned.ts", { args: ["--workers=2"], env: { VERSION } });
  service.signal("SIGHUP");
  await eventually(async () => (await service.workers()).length > 2);
  service.signal("SIGTERM");
  expect((await service.ended()).code).toBe(0);
  expect(await service.left()).toEqual([]);
});

test("[W4] a worker killed during a reload does not stop it", async () => {
  const VERSION = versionFile("one");
  await using service = await Service.ready("versioned.ts", { args: ["--workers=2"], env: { VERSION } });
  const [victim] = await service.workers();
  writeFileSync(VERSION, "two");
  service.signal("SIGHUP");
  await eventually(async () => (await service.workers()).length > 2);
  process.kill(victim!, "SIGKILL");
  const port = await service.port();
  const old = (): Promise<string> => ask(port).catch(() => "");
  await eventually(async () => (await old()) === "two" && (await old()) === "two" && (await old()) === "two");
  await eventually(async () => (await service.workers()).length === 2);
});
