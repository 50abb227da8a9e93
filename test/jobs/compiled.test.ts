import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { install, openDirectory, skitai } from "../cli/support.ts";

const directory = openDirectory();

const sources: Record<string, string> = {
  "jobs.ts": `import * as skitai from "skitai";
    export const where = skitai.job("where", () => [process.pid, Bun.isMainThread]);
    export const fail = skitai.job("fail", () => { throw new TypeError("not today"); });
    export const spin = skitai.job("spin", () => { for (;;); });
    export const exit = skitai.job("exit", () => process.exit(5));`,
  "named.ts": `import * as skitai from "skitai";
    const shout = skitai.job("shout", (text: string) => text.toUpperCase());
    const { was } = skitai;
    export const app = { fetch: async () => Response.json([await was.Thread(shout, "a"), await was.Process(shout, "b")]) };`,
  "serve.ts": `import * as skitai from "skitai";
    import * as jobs from "./jobs.ts";
    const { was } = skitai;
    const code = (error: skitai.SkitaiError) => error.code;
    skitai.mount("/named", "./named");
    skitai.mount("/", async () => Response.json({
      pid: process.pid,
      thread: await was.Thread(jobs.where),
      process: await was.Process(jobs.where),
      failed: [await was.Thread(jobs.fail).fetch().catch(code), await was.Process(jobs.fail).fetch().catch(code)],
      late: [await was.Thread(jobs.spin).fetch({ timeout: 0.3 }).catch(code),
        await was.Process(jobs.spin).fetch({ timeout: 0.3 }).catch(code)],
      exit: [await was.Thread(jobs.exit).fetch().catch(code), await was.Process(jobs.exit).fetch().catch(code)],
      program: await was.Subprocess(["printf", "%s", "$HOME"]),
    }));
    if (import.meta.main) await skitai.run({ name: "compiled", workers: 1 });`,
};

let cli: TestClient;
beforeAll(async () => {
  const app = join(directory, "app");
  mkdirSync(app);
  install(app);
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(app, name), text);
  const { exitCode, stderr } = await skitai(["build", "serve.ts", "--outfile", "../compiled"], app);
  if (exitCode !== 0) throw new Error(stderr);
  rmSync(app, { recursive: true });
  cli = await testClient(join(directory, "compiled"));
}, 60_000);
afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

test("[Q8] jobs run in threads and processes of an executable, without its sources", async () => {
  const {
    pid,
    thread,
    process: other,
    ...rest
  } = (await cli.get<{ pid: number; thread: unknown; process: [number, boolean] }>("/")).data;
  expect(thread).toEqual([pid, false]);
  expect(other).toEqual([expect.any(Number), true]);
  expect(other[0]).not.toBe(pid);
  expect(rest as unknown).toEqual({
    failed: ["JOB_FAILED", "JOB_FAILED"],
    late: ["BACKEND_TIMEOUT", "BACKEND_TIMEOUT"],
    exit: ["JOB_CRASHED", "JOB_CRASHED"],
    program: "$HOME",
  });
});

test("[Q8] jobs of a module that is mounted by name are found in an executable", async () => {
  expect((await cli.get<unknown>("/named/")).data).toEqual(["A", "B"]);
});
