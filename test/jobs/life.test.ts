import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { childrenOf, eventually, statOf } from "../process/support.ts";
import { type Kind, kinds, run, script } from "./support.ts";

const directory = mkdtempSync(join(tmpdir(), "skitai-jobs-"));
afterAll(() => rmSync(directory, { recursive: true }));

const worker = async (cli: TestClient): Promise<number> => (await cli.get<number>("/")).data;

const isAlive = async (pid: number): Promise<boolean> => {
  const [state] = await statOf(pid);
  return state !== undefined && state !== "Z";
};

test("[Q8] job processes do not outlive a worker that is killed, busy or idle", async () => {
  await using cli = await testClient(script);
  const started = join(directory, "busy");
  const busy = run(cli, "process", "spin", [60_000, started]).catch(() => "cut");
  await run(cli, "process", "add", [1, 1]);
  const killed = await worker(cli);
  const hosts = await eventually(async () => {
    const found = await childrenOf(killed);
    return found.length === 2 && (await Bun.file(started).exists()) && found;
  });
  process.kill(killed, "SIGKILL");
  await eventually(async () => !(await Promise.all(hosts.map(isAlive))).includes(true));
  expect(await busy).toBe("cut");
  // Its successor has hosts of its own.
  const successor = await eventually(() => worker(cli).catch(() => undefined));
  expect(successor).not.toBe(killed);
  expect(await run(cli, "process", "add", [1, 1])).toEqual({ result: 2 });
  expect((await childrenOf(successor)).length).toBe(1);
}, 15_000);

for (const kind of kinds) {
  test(`[Q8] a worker that stops lets a job in a ${kind} finish, for a request that waits for it`, async () => {
    await using cli = await testClient(script, 0, { grace: 10 });
    const started = join(directory, `drained ${kind}`);
    const answer = run(cli, kind, "spin", [800, started]);
    await eventually(() => Bun.file(started).exists());
    process.kill(cli.pid!, "SIGTERM");
    expect(typeof (await answer).result).toBe("number");
  });
}

test("[Q8] two workers have hosts of their own", async () => {
  await using cli = await testClient(script, 0, { workers: 2 });
  const seen = new Map<number, Set<number>>();
  await eventually(async () => {
    const pid = await worker(cli);
    if (!seen.has(pid)) seen.set(pid, new Set());
    await Promise.all(Array.from({ length: 8 }, () => run(cli, "process", "sleep", [5])));
    for (const each of seen.keys()) for (const child of await childrenOf(each)) seen.get(each)!.add(child);
    return seen.size === 2 && [...seen.values()].every((hosts) => hosts.size === 2);
  });
  const [first, second] = [...seen.values()];
  expect(first!.isDisjointFrom(second!)).toBe(true);
}, 15_000);

test("[Q8] what a job logs is in the worker's log, what it prints in its output; renamed files are followed", async () => {
  const logs = join(directory, "logs");
  await using cli = await testClient(script, 0, { env: { LOG_DIRECTORY: logs } });
  const file = (name: string): string => readFileSync(join(logs, name), "utf8");
  const say = (kind: Kind, text: string) => run(cli, kind, "note", [text]);
  await say("thread", "from a thread");
  await say("process", "from a process");
  expect(file("app.log")).toMatch(/ \[info\] from a thread\n.* \[info\] from a process\n/);
  await eventually(() => cli.output.includes("console: from a thread"));
  await eventually(() => cli.output.includes("console: from a process"));
  renameSync(join(logs, "app.log"), join(logs, "app-old.log"));
  process.kill(cli.pid!, "SIGUSR1");
  await eventually(() => Bun.file(join(logs, "app.log")).exists());
  await eventually(async () => {
    await say("thread", "thread again");
    await say("process", "process again");
    return file("app.log").includes("thread again") && file("app.log").includes("process again");
  });
  expect(await run(cli, "process", "add", [1, 1])).toEqual({ result: 2 });
});
