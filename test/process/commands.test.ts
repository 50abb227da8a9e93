import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "bun:test";
import type { ServiceStatus } from "../../src/process/status.ts";
import { eventually, leftOf, runScript, Service } from "./support.ts";

const isRoot = process.getuid?.() === 0;
const base = mkdtempSync(join(tmpdir(), "commands-"));
Bun.spawnSync(["chmod", "755", base]);
afterAll(() => rmSync(base, { recursive: true, force: true }));

const freePort = (): number => {
  const probe = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
};

let count = 0;
/** A service name, a port and directories that nobody else has; every daemon of it is killed with the test. */
class Place implements AsyncDisposable {
  readonly name = `service${count++}`;
  readonly port = freePort();
  readonly directory = join(base, this.name);
  readonly env: Record<string, string | undefined> = {
    SKITAI_RUN_DIRECTORY: this.directory,
    LOGS: join(base, `${this.name}-logs`),
  };
  readonly args = [`--name=${this.name}`, `--port=${this.port}`];
  readonly #pids = new Set<number>();

  async run(...words: string[]): ReturnType<typeof runScript> {
    const done = await runScript("app.ts", { args: [...words, ...this.args], env: this.env });
    const pid = /pid (\d+)/.exec(done.stdout)?.[1];
    if (pid !== undefined) this.#pids.add(Number(pid));
    return done;
  }

  /** Starts it as daemon. */
  async start(...words: string[]): Promise<number> {
    const { code, stdout, stderr } = await this.run("start", ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return Number(/pid (\d+)/.exec(stdout)![1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#pids) {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // Gone already.
      }
      expect(await leftOf(pid)).toEqual([]);
    }
  }
}

test("[W6] start, status, stop: words, texts and exit codes; nothing is left", async () => {
  await using place = new Place();
  const { name, port, directory } = place;
  expect(await place.run("status")).toEqual({ code: 3, stdout: `skitai/${name} does not run\n`, stderr: "" });
  expect(await place.run("status", "--json")).toEqual({ code: 3, stdout: "null\n", stderr: "" });
  const pid = await place.start("--workers=2");
  expect(readFileSync(join(directory, "pid"), "utf8")).toBe(`${pid}\n`);
  const status = await place.run("status", "--json");
  expect({ ...status, stdout: JSON.parse(status.stdout) }).toMatchObject({
    code: 0,
    stderr: "",
    stdout: {
      name,
      pid,
      state: "ready",
      url: `http://127.0.0.1:${port}`,
      workers: [{ index: 0 }, { index: 1 }],
    },
  });
  const text = await place.run("status");
  const [first, heads, ...rows] = text.stdout.trimEnd().split("\n");
  expect(first).toMatch(
    new RegExp(
      `^skitai/${name} \\(\\d+\\.\\d+\\.\\d+\\) is ready: http://127.0.0.1:${port}/, pid ${pid}, up 0:00:0\\d$`,
    ),
  );
  expect(heads).toMatch(/^worker +pid +state +uptime +requests +memory +restarts$/);
  expect(rows.map((row) => row.replace(/\d+\.\d MB/, "MB").replace(/ \d\d+ /, " PID "))).toEqual([
    expect.stringMatching(/^#0 +PID +serving +0:00:0\d +0 +MB +0$/),
    expect.stringMatching(/^#1 +PID +serving +0:00:0\d +0 +MB +0$/),
  ]);
  expect(await place.run("stop")).toEqual({ code: 0, stdout: `skitai/${name} stopped\n`, stderr: "" });
  expect(await leftOf(pid)).toEqual([]);
  expect(statSync(directory, { throwIfNoEntry: false })).toBeUndefined();
  for (const word of ["stop", "-s", "--stop"])
    expect(await place.run(word)).toEqual({ code: 0, stdout: `skitai/${name} does not run\n`, stderr: "" });
});

test("[W6] stop waits for what is in flight, restart has another pid and starts what did not run", async () => {
  await using place = new Place();
  const first = await place.run("-r");
  expect(first.stdout).toStartWith(`skitai/${place.name} does not run\nskitai/${place.name} serves `);
  const slow = fetch(`http://127.0.0.1:${place.port}/slow?ms=600`).then((answer) => answer.text());
  const again = await place.run("restart");
  expect(await slow).toBe("slept");
  expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: "" });
  expect(again.stdout).toStartWith(`skitai/${place.name} stopped\nskitai/${place.name} serves `);
  const [one, other] = [first, again].map(({ stdout }) => /pid (\d+)/.exec(stdout)![1]);
  expect(other).not.toBe(one!);
  expect((await fetch(`http://127.0.0.1:${place.port}/`)).status).toBe(200);
});

test("[W6] a restart that is wrong stops nothing", async () => {
  await using place = new Place();
  const pid = await place.start();
  const wrong = await place.run("restart", "--workers=0");
  expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: 1, stdout: "" });
  expect(JSON.parse((await place.run("status", "--json")).stdout).pid).toBe(pid);
});

test("[W6] of many starts at once exactly one wins, the others say its pid", async () => {
  await using place = new Place();
  const runs = await Promise.all(["start", "-d", "start", "--daemon"].map((word) => place.run(word)));
  const won = runs.filter(({ code }) => code === 0);
  expect(won).toHaveLength(1);
  const pid = /pid (\d+)/.exec(won[0]!.stdout)![1];
  const line = `skitai: skitai/${place.name} runs already, pid ${pid}\n`;
  for (const lost of runs.filter(({ code }) => code !== 0))
    expect(lost).toEqual({ code: 1, stdout: "", stderr: line });
  // The foreground is the same; also on another port.
  for (const port of [place.port, freePort()]) {
    const args = [`--name=${place.name}`, `--port=${port}`];
    expect(await runScript("app.ts", { args, env: place.env })).toEqual({
      code: 1,
      stdout: "",
      stderr: line,
    });
  }
  expect((await fetch(`http://127.0.0.1:${place.port}/`)).status).toBe(200);
});

test("[W6] two in the foreground: the second is told about the first, status and stop mean it", async () => {
  await using place = new Place();
  await using service = new Service("app.ts", { args: place.args, env: place.env });
  await service.whenReady();
  expect(await place.run()).toEqual({
    code: 1,
    stdout: "",
    stderr: `skitai: skitai/${place.name} runs already, pid ${service.pid}\n`,
  });
  expect(JSON.parse((await place.run("status", "--json")).stdout).pid).toBe(service.pid);
  expect((await place.run("stop")).stdout).toBe(`skitai/${place.name} stopped\n`);
  expect((await service.ended()).code).toBe(0);
});

test("[W6] kill -9 of the master: it does not run, and what it left is no obstacle", async () => {
  await using place = new Place();
  const pid = await place.start();
  process.kill(pid, "SIGKILL");
  expect(await leftOf(pid)).toEqual([]);
  expect(readFileSync(join(place.directory, "pid"), "utf8")).toBe(`${pid}\n`);
  expect((await place.run("status")).code).toBe(3);
  expect((await place.run("stop")).stdout).toBe(`skitai/${place.name} does not run\n`);
  const next = await place.start();
  expect(readFileSync(join(place.directory, "pid"), "utf8")).toBe(`${next}\n`);
  expect((await place.run("status")).code).toBe(0);
});

test("[W6] a pid file that names another program harms neither the service nor the program", async () => {
  await using place = new Place();
  const other = Bun.spawn(["sleep", "60"]);
  mkdirSync(place.directory);
  for (const file of ["pid", "lock"]) writeFileSync(join(place.directory, file), `${other.pid}\n`);
  expect((await place.run("status")).code).toBe(3);
  expect((await place.run("stop")).code).toBe(0);
  const pid = await place.start();
  expect(readFileSync(join(place.directory, "pid"), "utf8")).toBe(`${pid}\n`);
  await place.run("stop");
  expect(other.exitCode).toBeNull();
  other.kill();
  await other.exited;
});

test("[W6] a run directory that cannot be is one line", async () => {
  await using place = new Place();
  const file = join(base, "a-file");
  writeFileSync(file, "");
  for (const word of ["start", "--silent"]) {
    place.env["SKITAI_RUN_DIRECTORY"] = join(file, "run");
    expect(await place.run(word)).toEqual({
      code: 1,
      stdout: "",
      stderr: `skitai: runDirectory: "${file}/run" is not accepted; accepted: a directory that this user may write and no other (ENOTDIR)\n`,
    });
  }
});

test.skipIf(!isRoot)("[W6] a read-only run directory, and one of somebody else, are one line", async () => {
  await using place = new Place();
  const through = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const foreign = join(base, "foreign");
  mkdirSync(foreign, { mode: 0o777 });
  Bun.spawnSync(["chmod", "777", foreign]);
  for (const [directory, code] of [
    [join(base, "mine"), "EACCES"],
    [foreign, "EPERM"],
  ]) {
    const env = { SKITAI_RUN_DIRECTORY: directory! };
    expect(await runScript("app.ts", { args: place.args, env, through })).toEqual({
      code: 1,
      stdout: "",
      stderr: `skitai: runDirectory: "${directory}" is not accepted; accepted: a directory that this user may write and no other (${code})\n`,
    });
  }
});

test.skipIf(!isRoot)(
  "[W6] an ordinary user: XDG_RUNTIME_DIR, else the home directory, else the temporary one",
  async () => {
    const through = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const place = (directory: string): string => {
      const path = join(base, directory);
      mkdirSync(path);
      chownSync(path, 65534, 65534);
      return path;
    };
    const [runtime, home, temporary] = [place("runtime"), place("home"), place("temporary")];
    const none = join(base, "missing", "home");
    for (const [env, expected] of [
      [{ XDG_RUNTIME_DIR: runtime, HOME: home }, join(runtime, "skitai/humble")],
      [{ HOME: home }, join(home, ".local/state/skitai/humble")],
      [{ HOME: none }, join(temporary, "skitai-65534/humble")],
      [{ HOME: undefined }, join(temporary, "skitai-65534/humble")],
    ] as const) {
      const all = { XDG_RUNTIME_DIR: undefined, TMPDIR: temporary, ...env };
      const args = ["--name=humble", `--port=${freePort()}`];
      await using service = new Service("app.ts", { args, env: all, through });
      await service.whenReady();
      expect(readFileSync(join(expected, "pid"), "utf8")).toBe(`${service.pid}\n`);
      expect((await runScript("app.ts", { args: ["status", ...args], env: all, through })).code).toBe(0);
      const stopped = await runScript("app.ts", { args: ["stop", ...args], env: all, through });
      expect(stopped).toEqual({ code: 0, stdout: "skitai/humble stopped\n", stderr: "" });
      await service.ended();
    }
  },
);

test("[W6] without a terminal and with stdin closed, as from cron", async () => {
  await using place = new Place();
  const command = `exec setsid -w ${process.execPath} ${resolve(import.meta.dir, "fixtures/app.ts")} "$@" <&-`;
  const cron = (word: string) =>
    runScript("app.ts", {
      command: ["sh", "-c", command, "sh", word],
      args: place.args,
      env: { ...place.env, HOME: undefined },
    });
  const started = await cron("start");
  expect({ code: started.code, stderr: started.stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse((await place.run("status", "--json")).stdout).state).toBe("ready");
  expect(await cron("stop")).toEqual({ code: 0, stdout: `skitai/${place.name} stopped\n`, stderr: "" });
});

test("[W6] services on any free port do not collide, and are meant by --port", async () => {
  await using place = new Place();
  const args = [`--name=${place.name}`];
  await using one = await Service.ready("app.ts", { args, env: place.env });
  await using other = await Service.ready("app.ts", { args, env: place.env });
  const status = await runScript("app.ts", { args: ["status", "--port=0", ...args], env: place.env });
  expect(status.code).toBe(1);
  expect(status.stderr.trim().split("\n")).toHaveLength(1);
  other.signal("SIGKILL");
  await eventually(async () => (await other.left()).length === 0);
  const left = await runScript("app.ts", { args: ["status", "--port=0", "--json", ...args], env: place.env });
  expect(JSON.parse(left.stdout).pid).toBe(one.pid);
  // The next one takes away what the dead one left.
  const dead = `${place.directory}-${await other.port()}`;
  expect(statSync(dead).isDirectory()).toBe(true);
  await using _ = await Service.ready("app.ts", { args, env: place.env });
  expect(statSync(dead, { throwIfNoEntry: false })).toBeUndefined();
});

test("[W4] reload has new workers in the same service; one that does not start says why, and the old one serves on", async () => {
  await using place = new Place();
  const never = await place.run("reload");
  expect(never).toEqual({ code: 7, stdout: `skitai/${place.name} does not run\n`, stderr: "" });
  const pid = await place.start();
  const status = async (): Promise<ServiceStatus> => JSON.parse((await place.run("status", "--json")).stdout);
  const [before] = (await status()).workers;
  expect(await place.run("reload")).toEqual({
    code: 0,
    stdout: `skitai/${place.name} reloaded\n`,
    stderr: "",
  });
  const after = await status();
  expect(after.pid).toBe(pid);
  expect(after.workers.map(({ state }) => state)).toEqual(["serving"]);
  expect(after.workers[0]!.pid).not.toBe(before!.pid);
  await place.run("stop");
  await using failing = new Service("failing.ts", {
    args: place.args,
    // The first worker starts, no other does.
    env: { ...place.env, FAIL: "1", STARTS: join(base, "starts") },
  });
  await failing.whenReady();
  const old = await failing.workers();
  const refused = await place.run("reload");
  expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(new RegExp(`^skitai: skitai/${place.name} was not reloaded: .+\n$`));
  expect(await (await fetch(await failing.url())).text()).toBe(String(old[0]));
});
