import { chown, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { childrenOf, eventually, leftOf, runScript, Service, statOf } from "./support.ts";

const isRoot = process.getuid?.() === 0;
const logs = (): Promise<string> => mkdtemp(join(tmpdir(), "daemon-"));

/** A daemon that was started, by what the command printed of it; ended with the test. */
class Daemon implements AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly output: string;

  constructor(stdout: string) {
    const [, url, pid, output] = /^skitai\/\S+ serves (\S+) as daemon, pid (\d+), output in (\S+)\n$/.exec(
      stdout,
    )!;
    this.url = url!;
    this.pid = Number(pid);
    this.output = output!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // Gone already.
    }
    expect(await leftOf(this.pid)).toEqual([]);
  }
}

const gone = (pid: number): Promise<boolean> =>
  eventually(async () => [undefined, "Z"].includes((await statOf(pid))[0]));

test("[O5] -d returns when every worker serves; SIGTERM to the pid it prints ends all of it", async () => {
  const env = { LOGS: await logs() };
  const run = await runScript("app.ts", { args: ["-d", "--port=0", "--workers=2", "--name=night"], env });
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: "" });
  await using daemon = new Daemon(run.stdout);
  expect(daemon.output).toBe(join(env.LOGS, "daemon.log"));
  const workers = await childrenOf(daemon.pid);
  expect(workers).toHaveLength(2);
  expect(workers).toContain(Number(await (await fetch(daemon.url)).text()));
  // A session of its own, without a terminal; nobody waits for it.
  const [, parent, group, session] = await statOf(daemon.pid);
  expect([group, session]).toEqual([String(daemon.pid), String(daemon.pid)]);
  expect(parent).not.toBe(String(process.pid));
  process.kill(daemon.pid, "SIGTERM");
  await gone(daemon.pid);
  expect(await leftOf(daemon.pid)).toEqual([]);
  expect(await Bun.file(daemon.output).text()).toStartWith("skitai/night serves http://127.0.0.1:");
});

test("[O5] the word start is the same; a second one on the port is one line, and the first serves on", async () => {
  const env = { LOGS: await logs() };
  const run = await runScript("app.ts", { args: ["start", "--port=0"], env });
  await using daemon = new Daemon(run.stdout);
  const { port } = new URL(daemon.url);
  for (const word of ["-d", "start", "--daemon"]) {
    const again = await runScript("app.ts", { args: [word, `--port=${port}`], env });
    expect(again).toEqual({
      code: 1,
      stdout: "",
      stderr: `skitai: port ${port} of 0.0.0.0: is in use, choose another with --port\n`,
    });
  }
  expect((await fetch(daemon.url)).status).toBe(200);
});

test("[O5] a daemon that does not start prints its own error and leaves nothing", async () => {
  const env = { FAIL: "throw", XDG_STATE_HOME: await logs(), USER: "", LOGS: await logs() };
  for (let n = 0; n < 2; n++) {
    const run = await runScript("failing.ts", { args: ["-d", "--port=0"], env });
    expect(run.code).toBe(1);
    expect(run.stdout).toBe("");
    // Once more each of four attempts, not those of the run before, which are in the same file.
    expect(run.stderr.match(/^error: worker is broken$/gm)).toHaveLength(4);
    expect(run.stderr).toEndWith("did not start in 4 attempts (exit code 1), its error is above\n");
  }
});

test("[O5] wrong options of -d are said like those of a service in the foreground", async () => {
  const run = await runScript("app.ts", { args: ["-d", "--workers=0"], env: { LOGS: await logs() } });
  expect(run).toEqual({
    code: 1,
    stdout: "",
    stderr:
      'skitai: --workers: "0" is not accepted; accepted: an integer from 1 to 1024, or "auto" (one for each CPU)\n',
  });
});

test.skipIf(!isRoot)(
  "[O5] who may not write to /var/log gets the output below the home directory",
  async () => {
    const XDG_STATE_HOME = await logs();
    await chown(XDG_STATE_HOME, 65534, 65534);
    const through = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const run = await runScript("app.ts", {
      args: ["-d", "--port=0", "--name=humble"],
      env: { XDG_STATE_HOME, USER: "nobody" },
      through,
    });
    expect(run.stderr).toBe("");
    await using daemon = new Daemon(run.stdout);
    expect(daemon.output).toBe(join(XDG_STATE_HOME, "skitai/humble/daemon.log"));
    expect((await fetch(daemon.url)).status).toBe(200);
  },
);

test("[O5] Ctrl-C while -d waits ends the daemon too", async () => {
  const env = { FAIL: "hang", LOGS: await logs(), STARTS: join(await logs(), "starts") };
  await using command = new Service("failing.ts", { args: ["-d", "--port=0"], env });
  const [daemon] = await eventually(async () => {
    const children = await command.workers();
    return children.length > 0 && children;
  });
  // Its worker runs: from here on a stop has something to end.
  await eventually(() => Bun.file(env.STARTS).exists());
  command.signal("SIGINT");
  expect((await command.ended()).code).toBe(1);
  expect(await leftOf(daemon!)).toEqual([]);
});
