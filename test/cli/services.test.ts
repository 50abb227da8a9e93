import { afterAll, expect, test } from "bun:test";
import { chmodSync, chownSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Service } from "../process/support.ts";
import { asNobody, install, isRoot, openDirectory, run } from "./support.ts";

const directory = openDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));
install(directory);

/** A user without any other service; root's are in /run/skitai, whatever the environment says. */
const through = isRoot ? asNobody : [];
const env = { XDG_RUNTIME_DIR: join(directory, "run"), HOME: directory, TMPDIR: directory };
mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });
if (isRoot) chownSync(env.XDG_RUNTIME_DIR, 65534, 65534);

const command = Bun.fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const skitai = (...words: string[]) => run([...through, process.execPath, command, ...words], directory, env);

/** A service whose script is its own. */
async function start(name: string, script: string, version: string): Promise<Service> {
  cpSync(join(import.meta.dir, "../process/fixtures/versioned.ts"), script);
  writeFileSync(version, "one");
  chmodSync(version, 0o644);
  return Service.ready("versioned.ts", {
    command: [process.execPath, script],
    args: [`--name=${name}`],
    env: { ...env, VERSION: version },
    through,
  });
}

test("[W6] skitai stop and reload find a service by its name, whatever became of its script", async () => {
  const [script, version] = [join(directory, "serve.ts"), join(directory, "version")];
  await using service = await start("dogs", script, version);
  writeFileSync(version, "two");
  expect(await skitai("reload", "dogs")).toEqual({ stdout: "skitai/dogs reloaded", stderr: "", exitCode: 0 });
  expect(await (await fetch(await service.url())).text()).toBe("two");

  writeFileSync(script, "this is ] no script");
  const refused = await skitai("reload", "dogs");
  expect([refused.exitCode, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toStartWith("[error] skitai/dogs was not reloaded: ");
  expect(await (await fetch(await service.url())).text()).toBe("two");

  expect(await skitai("stop", "dogs")).toEqual({ stdout: "skitai/dogs stopped", stderr: "", exitCode: 0 });
  expect((await service.ended()).code).toBe(0);
  const none = "skitai/dogs does not run";
  expect(await skitai("stop", "dogs")).toEqual({ stdout: none, stderr: "", exitCode: 0 });
  expect(await skitai("reload", "dogs")).toEqual({ stdout: none, stderr: "", exitCode: 7 });
});

test("[W6] of several services of one name, the port says which", async () => {
  const [script, version] = [join(directory, "many.ts"), join(directory, "many")];
  await using first = await start("cats", script, version);
  await using second = await start("cats", script, version);
  const ports = [await first.port(), await second.port()].map(String);
  const refused = await skitai("stop", "cats");
  expect([refused.exitCode, refused.stdout]).toEqual([1, ""]);
  for (const port of ports) expect(refused.stderr).toContain(port);
  expect((await skitai("stop", "cats", "--port=1")).stdout).toBe("skitai/cats does not run");
  expect((await skitai("stop", "cats", `--port=${ports[0]}`)).stdout).toBe("skitai/cats stopped");
  expect((await first.ended()).code).toBe(0);
  expect((await fetch(await second.url())).status).toBe(200);
});

test("[W6] one that does not answer is not said to be gone", async () => {
  const [script, version] = [join(directory, "hung.ts"), join(directory, "hung")];
  await using service = await start("mice", script, version);
  const port = await service.port();
  service.signal("SIGSTOP");
  const refused = await skitai("stop", "mice", `--port=${port}`);
  service.signal("SIGCONT");
  expect(refused).toEqual({
    stdout: "",
    stderr: `[error] skitai/mice, pid ${service.pid}, does not answer`,
    exitCode: 1,
  });
  // What it was told while it hung counts when it goes on.
  expect((await service.ended()).code).toBe(0);
}, 20_000);

test("[W6] stop and reload need a name", async () => {
  for (const command of ["stop", "reload"])
    expect(await skitai(command)).toMatchObject({
      stderr: "Missing required positional argument: NAME",
      exitCode: 1,
    });
});
