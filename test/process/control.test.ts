import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import type { ServiceStatus } from "../../src/process/status.ts";
import { eventually, pinEach, Service } from "./support.ts";

const base = mkdtempSync(join(tmpdir(), "control-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
/** A service in the foreground, with a run directory of its own: the given one and the port. */
async function serve(args: readonly string[], env: Record<string, string> = {}) {
  const given = join(base, `s${count++}`);
  const service = await Service.ready("app.ts", { args, env: { SKITAI_RUN_DIRECTORY: given, ...env } });
  return { service, directory: `${given}-${await service.port()}` };
}

const ask = (directory: string, path: string, method = "GET"): Promise<Response> =>
  fetch(`http://localhost${path}`, { method, unix: join(directory, "control") });

const statusOf = async (directory: string): Promise<ServiceStatus> =>
  (await ask(directory, "/status")).json() as Promise<ServiceStatus>;

test("[U2] the control socket is this user's alone, and answers what it knows", async () => {
  const { service, directory } = await serve(["--name=petstore"]);
  await using _ = service;
  expect(statSync(join(directory, "control")).mode & 0o777).toBe(0o600);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  const answers = await Promise.all(
    ["/livez", "/readyz", "/nowhere", "/constructor", "/stop"].map(async (path) => {
      const answer = await ask(directory, path);
      return [path, answer.status, await answer.text()];
    }),
  );
  expect(answers).toEqual([
    ["/livez", 200, "alive\n"],
    ["/readyz", 200, "ready\n"],
    ["/nowhere", 404, "Not Found\n"],
    ["/constructor", 404, "Not Found\n"],
    ["/stop", 404, "Not Found\n"],
  ]);
});

test("[W6] status counts the requests of every worker, and tells pids, state, memory and restarts", async () => {
  const { service, directory } = await serve(["--name=counted", "--workers=2"]);
  await using _ = service;
  const workers = await service.workers();
  const pins = await pinEach(await service.port(), workers);
  const before = new Map((await statusOf(directory)).workers.map(({ pid, requests }) => [pid, requests!]));
  expect([...before.keys()].sort((a, b) => a - b)).toEqual(workers);
  const [one, other] = workers as [number, number];
  for (let n = 0; n < 3; n++) await pins.get(one)!.get("/");
  await pins.get(other)!.get("/nowhere");
  const status = await statusOf(directory);
  expect(status).toMatchObject({
    name: "counted",
    state: "ready",
    pid: service.pid,
    url: await service.url(""),
  });
  const after = new Map(status.workers.map((worker) => [worker.pid, worker]));
  expect(after.get(one)!.requests! - before.get(one)!).toBe(3);
  expect(after.get(other)!.requests! - before.get(other)!).toBe(1);
  for (const { state, restarts, memory, uptime } of status.workers) {
    expect({ state, restarts }).toEqual({ state: "serving", restarts: 0 });
    expect(memory).toBeWithin(10e6, 500e6);
    expect(uptime).toBeWithin(0, status.uptime);
  }
  for (const pin of pins.values()) pin[Symbol.dispose]();
  process.kill(one, "SIGKILL");
  const again = await eventually(async () => {
    const { workers: now } = await statusOf(directory);
    return now.every(({ state }) => state === "serving") && now.some(({ restarts }) => restarts === 1) && now;
  });
  expect(again.map(({ index, restarts }) => [index, restarts]).sort()).toEqual(
    status.workers.map(({ index, pid }) => [index, pid === one ? 1 : 0]),
  );
});

test("[W6] a worker that is too busy to answer is shown without its numbers", async () => {
  const { service, directory } = await serve(["--name=busy"]);
  await using _ = service;
  const blocked = fetch(await service.url("/block?ms=2500"));
  const status = await eventually(async () => {
    const found = await statusOf(directory);
    return found.workers[0]?.requests === undefined && found;
  });
  expect(status.workers).toEqual([
    {
      index: 0,
      pid: (await service.workers())[0]!,
      state: "serving",
      uptime: expect.any(Number),
      restarts: 0,
    },
  ]);
  expect(await (await blocked).text()).toBe("blocked");
});

test("[U2] readyz says no before all workers serve, livez says yes", async () => {
  const given = join(base, "starting");
  await using service = new Service("failing.ts", {
    args: ["--port=0"],
    env: { FAIL: "hang", STARTS: join(base, "starts"), SKITAI_RUN_DIRECTORY: given },
  });
  const directory = await eventually(() => {
    const [found] = [...new Bun.Glob("starting-*/control").scanSync({ cwd: base, onlyFiles: false })];
    return found && join(base, found, "..");
  });
  expect((await ask(directory, "/readyz")).status).toBe(503);
  expect((await ask(directory, "/livez")).status).toBe(200);
  expect(await statusOf(directory)).toMatchObject({ state: "starting", pid: service.pid });
});

test("[U2] a stop fails readyz, serves on for shutdownDelay, then ends and leaves no file", async () => {
  const { service, directory } = await serve(["--name=slowly", "--shutdown-delay=1"]);
  await using _ = service;
  const begun = performance.now();
  service.signal("SIGTERM");
  await eventually(async () => (await ask(directory, "/readyz")).status === 503);
  expect((await ask(directory, "/livez")).status).toBe(200);
  expect((await statusOf(directory)).state).toBe("stopping");
  // A new connection of a load balancer that has not looked yet.
  expect((await fetch(await service.url(), { headers: { connection: "close" } })).status).toBe(200);
  expect(performance.now() - begun).toBeLessThan(1000);
  const { code } = await service.ended();
  expect({ code, late: performance.now() - begun >= 1000 }).toEqual({ code: 0, late: true });
  expect(statSync(directory, { throwIfNoEntry: false })).toBeUndefined();
});

test("[W5] a second signal does not wait for shutdownDelay", async () => {
  const { service, directory } = await serve(["--name=forced", "--shutdown-delay=1h"]);
  await using _ = service;
  service.signal("SIGTERM");
  await eventually(async () => (await statusOf(directory)).state === "stopping");
  // Signals closer than 100 ms are one.
  await Bun.sleep(120);
  service.signal("SIGTERM");
  expect((await service.ended()).code).toBe(2);
});

test("[W6] a stop over the socket is graceful, and no force when it is asked for twice", async () => {
  const { service, directory } = await serve(["--name=asked"]);
  await using _ = service;
  const answer = fetch(await service.url("/slow?ms=500"));
  await eventually(async () => (await fetch(await service.url())).status === 200);
  for (let n = 0; n < 2; n++) {
    const stop = await ask(directory, "/stop", "POST");
    expect([stop.status, await stop.json()]).toEqual([200, { patience: 33 }]);
  }
  expect(await (await answer).text()).toBe("slept");
  expect((await service.ended()).code).toBe(0);
});

test("[U2] admin serves the same on TCP, to who only asks", async () => {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const admin = `127.0.0.1:${probe.port}`;
  probe.stop(true);
  const { service } = await serve(["--name=watched", `--admin=${admin}`]);
  await using _ = service;
  const answers = await Promise.all(
    [
      ["GET", "/livez"],
      ["HEAD", "/readyz"],
      ["POST", "/stop"],
      ["POST", "/reload"],
      ["GET", "/stop"],
    ].map(async ([method, path]) => (await fetch(`http://${admin}${path}`, { method: method! })).status),
  );
  expect(answers).toEqual([200, 200, 404, 404, 404]);
  expect(await (await fetch(`http://${admin}/status`)).json()).toMatchObject({
    name: "watched",
    pid: service.pid,
  });
  // Whoever comes second is told, and leaves nothing.
  await using second = new Service("app.ts", {
    args: ["--port=0", `--admin=${admin}`],
    env: { SKITAI_RUN_DIRECTORY: join(base, "second") },
  });
  expect(await second.ended()).toEqual({
    code: 1,
    stdout: "",
    stderr: `skitai: admin: "${admin}" is not accepted; accepted: an address and a port that are free (PORT_IN_USE)\n`,
  });
  expect([...new Bun.Glob("second-*").scanSync({ cwd: base, onlyFiles: false })]).toEqual([]);
});
