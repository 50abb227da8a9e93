import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { sudoAccount } from "../../src/process/privileges.ts";
import { findUser } from "../../src/system/user.ts";
import { eventually, fixture, runScript, Service } from "./support.ts";

const nobody = findUser("nobody");
const isRoot = process.getuid?.() === 0;
/** A clone may be where only root can go. */
const mayRead =
  isRoot &&
  nobody !== undefined &&
  Bun.spawnSync(["setpriv", `--reuid=${nobody.uid}`, "--clear-groups", "cat", fixture("privileged.ts")])
    .exitCode === 0;
const asRoot = test.skipIf(!mayRead);
const { uid = 65534, gid = 65534 } = nobody ?? {};

/** A port below 1024 that nobody has. */
function privilegedPort(): number {
  for (let port = 1023; ; port--) {
    try {
      const probe = Bun.listen({ hostname: "0.0.0.0", port, socket: { data() {} } });
      probe.stop(true);
      return port;
    } catch {
      // Taken: the next.
    }
  }
}

/** The lines of /proc/PID/status that say who it is and what it may. */
const rights = (pid: number): Record<string, string> =>
  Object.fromEntries(
    [
      ...readFileSync(`/proc/${pid}/status`, "latin1").matchAll(
        /^(Uid|Gid|Groups|CapPrm|CapEff|CapInh|NoNewPrivs):\s*(.*)$/gm,
      ),
    ].map(([, name, value]) => [name!, value!.trim().replaceAll("\t", " ")]),
  );
const four = (id: number): string => Array(4).fill(id).join(" ");
const none = "0".repeat(16);
const dropped = (user: number, group: number, groups = String(group)): Record<string, string> => ({
  Uid: four(user),
  Gid: four(group),
  Groups: groups,
  CapInh: none,
  CapPrm: none,
  CapEff: none,
  NoNewPrivs: "1",
});
const text = async (url: string): Promise<string> => (await fetch(url)).text();
const noSudo = { SUDO_UID: undefined, SUDO_GID: undefined };

asRoot("[W7] below port 1024 workers are nobody for good, and so are those that replace them", async () => {
  const port = privilegedPort();
  await using service = await Service.ready("privileged.ts", {
    args: [`--port=${port}`, "--workers=2"],
    env: noSudo,
  });
  const workers = await service.workers();
  for (const pid of workers) expect(rights(pid)).toEqual(dropped(uid, gid));
  expect(rights(service.pid)["Uid"]).toBe(four(0));
  expect(await text(await service.url("/root"))).toBe("EPERM");
  // What is mounted by name is loaded behind the drop.
  expect(await text(await service.url("/module"))).toBe(`[${uid},${uid}]`);
  expect(await text(await service.url("/child"))).toContain("USER=nobody\n");
  for (const pid of workers) process.kill(pid, "SIGKILL");
  const others = await eventually(async () => {
    const now = await service.workers();
    return (
      now.length === 2 &&
      now.every((pid) => !workers.includes(pid)) &&
      now.every((pid) => rights(pid)["Uid"] === four(uid)) &&
      now
    );
  });
  await eventually(() =>
    text(`http://127.0.0.1:${port}/`).then(
      (pid) => others.includes(Number(pid)),
      () => false,
    ),
  );
  for (const pid of others) await eventually(() => Bun.deepEquals(rights(pid), dropped(uid, gid)));
  service.signal("SIGHUP");
  const third = await eventually(async () => {
    const now = await service.workers();
    return now.length === 2 && now.every((pid) => !others.includes(pid)) && now;
  });
  for (const pid of third) expect(rights(pid)).toEqual(dropped(uid, gid));
  expect(third).toContain(Number(await text(await service.url("/"))));
});

asRoot(
  "[W7] log files belong to the workers' user, at the start, behind a rotation and behind a stop",
  async () => {
    const LOGS = join(mkdtempSync(join(tmpdir(), "drop-")), "logs");
    chmodParent(LOGS);
    {
      await using service = await Service.ready("privileged.ts", { args: ["--user=nobody"], env: { LOGS } });
      const request = join(LOGS, "request.log");
      await text(await service.url());
      await eventually(() => readFileSync(request, "latin1").includes("GET / "));
      renameSync(request, `${request}.old`);
      service.signal("SIGUSR1");
      await eventually(() => existsSync(request));
      await eventually(async () => {
        await text(await service.url("/again"));
        return readFileSync(request, "latin1").includes("GET /again ");
      });
      service.signal("SIGTERM");
      expect((await service.ended()).code).toBe(0);
    }
    const owners = ["", "request.log", "request.log.old", "server.log", "app.log"].map(
      (name) => statSync(join(LOGS, name)).uid,
    );
    expect(owners).toEqual([uid, uid, uid, uid, uid]);
  },
);

function chmodParent(path: string): void {
  chownSync(join(path, ".."), uid, gid);
}

asRoot("[W7] a log directory of root stays root's: one line says it", async () => {
  const LOGS = mkdtempSync(join(tmpdir(), "drop-"));
  const run = await runScript("privileged.ts", { args: ["--port=0", "--user=nobody"], env: { LOGS } });
  expect(run).toEqual({
    code: 1,
    stdout: "",
    stderr: `skitai: enableFileLogging: "${LOGS}" is not accepted; accepted: a directory nobody may write (EACCES)\n`,
  });
  expect(statSync(LOGS).uid).toBe(0);
});

asRoot("[W7] sudo's user, before nobody; --user before both, with its group; root keeps root", async () => {
  const sudo = { SUDO_UID: "12345", SUDO_GID: "23456" };
  const [daemonUser, adm] = [findUser("daemon")!, 4];
  const cases: [
    args: string[],
    env: Record<string, string | undefined>,
    uid: number,
    gid: number,
    groups: string,
  ][] = [
    [[], sudo, 12345, 23456, "23456"],
    [["--user=daemon"], sudo, daemonUser.uid, daemonUser.gid, String(daemonUser.gid)],
    [["--user=daemon:adm"], noSudo, daemonUser.uid, adm, String(adm)],
  ];
  for (const [args, env, user, group, groups] of cases) {
    await using service = await Service.ready("privileged.ts", { args, env });
    expect(rights((await service.workers())[0]!)).toEqual(dropped(user, group, groups));
  }
  for (const [args, env] of [
    [["--user=root"], sudo],
    [[], noSudo],
    [[], { SUDO_UID: "0", SUDO_GID: "0" }],
  ] as const) {
    await using service = await Service.ready("privileged.ts", { args, env });
    expect(rights((await service.workers())[0]!)["Uid"]).toBe(four(0));
  }
});

asRoot(
  "[W7] a user that is none, and another than one's own without root, are refused in one line",
  async () => {
    const none = await runScript("privileged.ts", { args: ["--port=0", "--user=no-such-user"] });
    expect(none).toEqual({
      code: 1,
      stdout: "",
      stderr: 'skitai: user: "no-such-user" is not accepted; accepted: a user of this system\n',
    });
    const through = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    const other = await runScript("privileged.ts", { args: ["--port=0", "--user=daemon"], through });
    expect(other).toEqual({
      code: 1,
      stdout: "",
      stderr: 'skitai: user: "daemon" is not accepted; accepted: the user that starts it, others need root\n',
    });
    await using own = await Service.ready("privileged.ts", { args: ["--user=nobody"], through });
    expect(await text(await own.url("/"))).toMatch(/^\d+$/);
  },
);

asRoot("[W7] a script directory that the user cannot read is said with its remedy", async () => {
  const directory = mkdtempSync(join(tmpdir(), "drop-"));
  await Bun.write(join(directory, "serve.ts"), await Bun.file(fixture("privileged.ts")).text());
  mkdirSync(join(directory, "node_modules"));
  await Bun.$`ln -s ${Bun.fileURLToPath(new URL("../..", import.meta.url))} ${join(directory, "node_modules/skitai")}`;
  await Bun.$`cp ${fixture("privileged_module.ts")} ${directory}`;
  const run = await runScript("", {
    command: [process.execPath, join(directory, "serve.ts"), "--port=0", "--user=nobody"],
  });
  expect(run).toEqual({
    code: 1,
    stdout: "",
    stderr: `skitai: workers run as nobody, who cannot read ${directory}: let that user read it, choose another with --user=NAME, or keep root with --user=root\n`,
  });
});

asRoot("[W7] umask holds for files that the app makes", async () => {
  const directory = mkdtempSync(join(tmpdir(), "drop-"));
  await using service = await Service.ready("privileged.ts", { args: ["--umask=077"], env: noSudo });
  await text(await service.url(`/write?path=${directory}/file`));
  expect(statSync(join(directory, "file")).mode & 0o777).toBe(0o600);
});

test("[W7] sudo called by root, or with nonsense, names nobody", () => {
  for (const SUDO_UID of ["0", "", "-1", "abc", "4294967295", "99999999999"])
    expect(sudoAccount({ SUDO_UID })).toBeUndefined();
  expect(sudoAccount({})).toBeUndefined();
  expect(sudoAccount({ SUDO_UID: "54321", SUDO_GID: "0" })).toMatchObject({ uid: 54321, gid: 54321 });
});
