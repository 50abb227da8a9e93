import { afterAll, expect, test } from "bun:test";
import { chownSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ServiceStatus } from "../../src/process/status.ts";
import { Service } from "../process/support.ts";
import { asNobody, isRoot, openDirectory, run } from "./support.ts";

const directory = openDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A user without any other service; root's are in /run/skitai, whatever the environment says. */
const through = isRoot ? asNobody : [];
const env = { XDG_RUNTIME_DIR: join(directory, "run"), HOME: directory, TMPDIR: directory };
mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });
if (isRoot) chownSync(env.XDG_RUNTIME_DIR, 65534, 65534);

const command = Bun.fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const status = (...words: string[]) =>
  run([...through, process.execPath, command, "status", ...words], directory, env);

test("[W6] skitai status shows the services of this user, or those of one name; 3 when there are none", async () => {
  expect(await status()).toEqual({ stdout: "no service of this user runs", stderr: "", exitCode: 3 });
  expect(await status("dogs", "--json")).toEqual({ stdout: "[]", stderr: "", exitCode: 3 });
  await using dogs = await Service.ready("app.ts", { args: ["--name=dogs"], env, through });
  await using cats = await Service.ready("app.ts", { args: ["--name=cats", "--workers=2"], env, through });
  const all = await status("--json");
  expect(all.exitCode).toBe(0);
  const services = JSON.parse(all.stdout) as ServiceStatus[];
  expect(services.map(({ name, pid, workers }) => [name, pid, workers.length])).toEqual([
    ["cats", cats.pid, 2],
    ["dogs", dogs.pid, 1],
  ]);
  const one = await status("dogs");
  expect({ ...one, stdout: one.stdout.split("\n").length }).toEqual({ stdout: 3, stderr: "", exitCode: 0 });
  expect(one.stdout).toStartWith("skitai/dogs (");
  expect(await status("birds")).toEqual({ stdout: "skitai/birds does not run", stderr: "", exitCode: 3 });
});
