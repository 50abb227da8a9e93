import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { runScript, Service } from "./support.ts";

const isRoot = process.getuid?.() === 0;
const lowPorts = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));

const oneLine = (stderr: string): string => {
  expect(stderr).toMatch(/^skitai: [^\n]+\n$/);
  return stderr.slice("skitai: ".length, -1);
};

test("[E15] a port that another program listens on is one line and exit code 1", async () => {
  const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const run = await runScript("app.ts", { args: [`--port=${other.port}`] });
  expect(run.code).toBe(1);
  expect(oneLine(run.stderr)).toBe(`port ${other.port} of 0.0.0.0: is in use, choose another with --port`);
  expect(run.stdout).toBe("");
  other.stop(true);
});

test("[E15] a port of another service of the same user is in use as well, and that one serves on", async () => {
  await using first = await Service.ready("app.ts", { args: ["--workers=2"] });
  const port = await first.port();
  const workers = await first.workers();
  const run = await runScript("app.ts", { args: [`--port=${port}`] });
  expect(run.code).toBe(1);
  expect(oneLine(run.stderr)).toBe(`port ${port} of 0.0.0.0: is in use, choose another with --port`);
  for (let n = 0; n < 20; n++) {
    const answer = await fetch(await first.url(), { keepalive: false });
    expect(workers).toContain(Number(await answer.text()));
  }
});

test("[E15] a port is free again as soon as its service has ended, whoever closed the connections", async () => {
  const first = await Service.ready("app.ts");
  const port = await first.port();
  for (let n = 0; n < 5; n++)
    await (await fetch(await first.url(), { headers: { connection: "close" } })).text();
  first.signal("SIGTERM");
  expect((await first.ended()).code).toBe(0);
  await using second = new Service("app.ts", { args: [`--port=${port}`] });
  expect(await second.port()).toBe(port);
});

test.skipIf(!isRoot || lowPorts <= 81)(
  "[E15] a port below 1024 without privilege is one line and exit code 1",
  async () => {
    const through = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const run = await runScript("app.ts", { args: ["--port=81"], through });
    expect(run.code).toBe(1);
    expect(oneLine(run.stderr)).toBe(
      "0.0.0.0:81: this user may not listen there, ports below 1024 need root",
    );
  },
);

test("[E15] an address that this machine does not have is one line and exit code 1", async () => {
  for (const address of ["203.0.113.9", "no-such-host.invalid"]) {
    const run = await runScript("app.ts", { args: ["--port=0", "--address", address] });
    expect(run.code).toBe(1);
    expect(oneLine(run.stderr)).toStartWith(
      `address: "${address}:0" is not accepted; accepted: an address of this machine (`,
    );
  }
});

test("[E15] run() options are used, variables go over them, flags over all", async () => {
  const RUN = JSON.stringify({ port: 0, address: "127.0.0.1", workers: 2, name: "from-script" });
  await using script = new Service("app.ts", { env: { RUN } });
  expect(new URL(await script.url()).hostname).toBe("127.0.0.1");
  expect(script.stdout.text).toContain(
    `skitai/from-script serves http://127.0.0.1:${await script.port()}/ from 2`,
  );
  const env = { RUN, HOST: "127.0.0.2", WEB_CONCURRENCY: "1", SKITAI_NAME: "from-variable" };
  await using variables = new Service("app.ts", { env });
  expect(new URL(await variables.url()).hostname).toBe("127.0.0.2");
  expect(variables.stdout.text).toContain("skitai/from-variable serves");
  expect(variables.stdout.text).toContain("from 1 worker\n");
  await using flags = new Service("app.ts", { env, args: ["--address", "127.0.0.3", "--workers=3"] });
  expect(new URL(await flags.url()).hostname).toBe("127.0.0.3");
  expect(await flags.workers()).toHaveLength(3);
});

test("[E15] all that is wrong is said at once, a line each, before anything listens", async () => {
  const run = await runScript("app.ts", {
    args: ["--prot=1", "strat", "--workers=0", "--log-format", "xml"],
    env: { PORT: "http", RUN: '{"keepAlive":"soon"}' },
  });
  expect(run.code).toBe(1);
  expect(run.stdout).toBe("");
  expect(run.stderr).toBe(
    [
      "skitai: --prot: unknown option, did you mean --port?",
      "skitai: strat: unknown command, did you mean start?",
      'skitai: PORT: "http" is not accepted; accepted: an integer from 0 (any free port) to 65535',
      'skitai: --workers: "0" is not accepted; accepted: an integer from 1 to 1024, or "auto" (one for each CPU)',
      'skitai: keepAlive: "soon" is not accepted; accepted: 1 to 255 seconds',
      'skitai: --log-format: "xml" is not accepted; accepted: "text" or "json"',
      "",
    ].join("\n"),
  );
});

test("[E15] a log directory that cannot be written is one line and exit code 1", async () => {
  const LOGS = "/proc/nowhere";
  const run = await runScript("app.ts", { args: ["--port=0"], env: { LOGS } });
  expect(run.code).toBe(1);
  expect(oneLine(run.stderr)).toStartWith(
    'enableFileLogging: "/proc/nowhere" is not accepted; accepted: a directory this user may write (',
  );
});

test("[O2] --help lists the script's options and the engine's, exits 0 and starts nothing", async () => {
  const run = await runScript("app.ts", { args: ["--help", "--prot", "--port=x"] });
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: "" });
  const lines = run.stdout.split("\n");
  expect(lines[0]).toBe("Usage: app.ts [OPTION]... [COMMAND]");
  expect(lines).toContain("  -D, --dist                         distribute mode");
  expect(lines).toContain("      --db=DB_NAME                   use specified database");
  const engine = lines.slice(lines.indexOf("Options of skitai") + 1).map((line) => line.trim().split(" ")[0]);
  expect(engine[1]).toBe("-d,");
  expect(engine).toEqual(expect.arrayContaining(["--help", "--port=INTEGER", "--devel", "--silent"]));
  // The engine's own come last.
  const last = engine.indexOf("---profile");
  expect(engine.slice(last, last + 3)).toEqual(["---profile", "---gc", "---memtrack"]);
  expect(run.stdout).toContain("[SKITAI_PORT, PORT, default 5000]");
});

test("[O1] the script reads its options in master and workers", async () => {
  const ask = async (args: string[]): Promise<unknown> => {
    await using service = await Service.ready("app.ts", { args });
    return await (await fetch(await service.url("/options"))).json();
  };
  expect(await ask([])).toEqual({ dist: null, db: "testdb", devel: false });
  expect(await ask(["-D", "--db=mine", "--devel"])).toEqual({ dist: true, db: "mine", devel: true });
  expect(await ask(["--dist", "--db", "other", "--", "--devel"])).toEqual({
    dist: true,
    db: "other",
    devel: false,
  });
});

test("[O3] isDevel() says what holds: flag, variable, run()", async () => {
  const isDevel = async (env: Record<string, string>, args: string[] = []): Promise<boolean> => {
    await using service = await Service.ready("app.ts", { args, env });
    const { devel } = (await (await fetch(await service.url("/options"))).json()) as { devel: boolean };
    expect(service.stdout.text.includes(" (development)\n")).toBe(devel);
    return devel;
  };
  expect(await isDevel({ RUN: '{"devel":true}' })).toBe(true);
  expect(await isDevel({ RUN: '{"devel":true}', SKITAI_DEVEL: "0" })).toBe(false);
  expect(await isDevel({ SKITAI_DEVEL: "0" }, ["--devel"])).toBe(true);
  expect(await isDevel({ SKITAI_DEVEL: "yes" })).toBe(true);
});

test("[O3] cache headers are sent in production only", async () => {
  const cacheControl = async (args: string[], env = {}): Promise<string | null> => {
    await using service = await Service.ready("static.ts", { args, env });
    const answer = await fetch(await service.url("/app.ts"));
    expect(answer.status).toBe(200);
    return answer.headers.get("cache-control");
  };
  expect(await cacheControl([])).toBe("max-age=300");
  expect(await cacheControl(["--devel"])).toBeNull();
  expect(await cacheControl([], { SKITAI_DEVEL: "1" })).toBeNull();
});
