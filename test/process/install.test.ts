import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { fixture, runScript } from "./support.ts";

const verifies = Bun.which("systemd-analyze") !== null;
const empty = (): string => mkdtempSync(join(tmpdir(), "install-"));
const files = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length))
    .sort();
const unitOf = (root: string, name = "petstore"): Promise<string> =>
  Bun.file(join(root, `etc/systemd/system/${name}.service`)).text();
const noSudo = { SUDO_UID: undefined, SUDO_GID: undefined };

function run(word: string, root: string, ...args: string[]): ReturnType<typeof runScript> {
  return runScript("app.ts", { args: [word, `--root=${root}`, "--name=petstore", ...args], env: noSudo });
}
const valuesOf = (unit: string, key: string): string[] =>
  unit
    .split("\n")
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));

test("[Y1] install writes a unit with the options given; twice is once; update refreshes; remove leaves nothing", async () => {
  const root = empty();
  const first = await run("install", root, "--workers=3", "--fallback-user=daemon", "--db=pets");
  const path = join(root, "etc/systemd/system/petstore.service");
  expect(first).toEqual({ code: 0, stdout: `skitai/petstore is installed as ${path}\n`, stderr: "" });
  const written = ["/etc/sysctl.d/60-skitai-petstore.conf", "/etc/systemd/system/petstore.service"];
  expect(files(root)).toEqual(written);
  const unit = await unitOf(root);
  expect(valuesOf(unit, "ExecStart")).toEqual([
    `${process.execPath} ${fixture("app.ts")} --workers=3 --name=petstore --db=pets --run-directory=/run/skitai/petstore`,
  ]);
  expect(valuesOf(unit, "User")).toEqual(["daemon"]);
  expect(valuesOf(unit, "TimeoutStopSec")).toEqual(["38"]);
  expect(await Bun.file(join(root, written[0]!)).text()).toEndWith("\nnet.ipv4.tcp_migrate_req = 1\n");
  await run("install", root, "--workers=3", "--fallback-user=daemon", "--db=pets");
  expect(await unitOf(root)).toBe(unit);
  await run("update", root, "--workers=4", "--fallback-user=daemon", "--grace-timeout=60");
  const refreshed = await unitOf(root);
  expect(refreshed).toBe(
    unit
      .replace("--workers=3", "--workers=4")
      .replace("--name=petstore --db=pets", "--name=petstore --grace-timeout=60")
      .replace("TimeoutStopSec=38", "TimeoutStopSec=68"),
  );
  expect(await run("remove", root)).toEqual({ code: 0, stdout: "skitai/petstore is removed\n", stderr: "" });
  expect(files(root)).toEqual([]);
  expect((await run("remove", root)).stdout).toBe("skitai/petstore is not installed\n");
  expect(await run("update", root)).toEqual({
    code: 1,
    stdout: "",
    stderr: "skitai: petstore is not installed, see install\n",
  });
});

test("[Y1] below port 1024 it has the capability to bind, and never root", async () => {
  const root = empty();
  await run("install", root, "--port=80", "--fallback-user=daemon:adm");
  const unit = await unitOf(root);
  expect(valuesOf(unit, "AmbientCapabilities")).toEqual(["CAP_NET_BIND_SERVICE"]);
  expect(valuesOf(unit, "CapabilityBoundingSet")).toEqual(["CAP_NET_BIND_SERVICE"]);
  expect([...valuesOf(unit, "User"), ...valuesOf(unit, "Group")]).toEqual(["daemon", "adm"]);
  await run("install", root, "--port=5000", "--fallback-user=daemon");
  const other = await unitOf(root);
  expect(valuesOf(other, "AmbientCapabilities")).toEqual([]);
  expect(valuesOf(other, "CapabilityBoundingSet")).toEqual([""]);
});

test("[Y1] who called sudo is the user, unless another is said; --user does not reach the command line", async () => {
  const root = empty();
  const args = ["install", `--root=${root}`, "--name=petstore"];
  const env = { SUDO_UID: "54321", SUDO_GID: "54321" };
  await runScript("app.ts", { args, env });
  expect(valuesOf(await unitOf(root), "User")).toEqual(["54321"]);
  await runScript("app.ts", { args: [...args, "--user=daemon"], env });
  const unit = await unitOf(root);
  expect(valuesOf(unit, "User")).toEqual(["daemon"]);
  expect(valuesOf(unit, "ExecStart")[0]).not.toContain("--user");
});

test("[Y1] a unit of somebody else is neither overwritten nor deleted", async () => {
  const root = empty();
  mkdirSync(join(root, "etc/systemd/system"), { recursive: true });
  writeFileSync(join(root, "etc/systemd/system/petstore.service"), "[Service]\n");
  for (const word of ["install", "update", "remove"]) {
    const { code, stderr } = await run(word, root);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `skitai: ${root}/etc/systemd/system/petstore.service is not skitai's, choose another --name\n`,
    );
  }
  expect(await unitOf(root)).toBe("[Service]\n");
});

test("[Y1] without root, and a user there is not: one line", async () => {
  const root = empty();
  const through = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const skip = process.getuid?.() === 0 ? { through } : {};
  for (const word of ["install", "update", "remove"])
    expect(await runScript("app.ts", { args: [word], ...skip })).toEqual({
      code: 1,
      stdout: "",
      stderr: `skitai: ${word} needs root, call it with sudo\n`,
    });
  expect((await run("install", root, "--fallback-user=no-such-user")).stderr).toBe(
    'skitai: --fallback-user: "no-such-user" is not accepted; accepted: a user of this system\n',
  );
  expect(existsSync(join(root, "etc"))).toBe(false);
});

test.skipIf(!verifies)(
  "[Y1] systemd-analyze verify has nothing to say, whatever is in paths and words",
  async () => {
    const directory = join(empty(), `o'dd "na%me" $HOME`);
    mkdirSync(join(directory, "node_modules"), { recursive: true });
    await Bun.$`ln -s ${Bun.fileURLToPath(new URL("../..", import.meta.url))} ${join(directory, "node_modules/skitai")}`;
    await Bun.$`cp ${fixture("app.ts")} ${directory}`;
    for (const port of ["--port=80", "--port=5000"]) {
      const root = empty();
      const command = [process.execPath, join(directory, "app.ts")];
      const words = [`--db=a b%n"$HOME\\`, "--", "it's", "100%"];
      const env = { ...noSudo, LOGS: join(directory, "logs") };
      const args = ["install", `--root=${root}`, "--name=odd", port, "--fallback-user=daemon", ...words];
      expect((await runScript("", { command, args, env })).stderr).toBe("");
      const verify = Bun.spawnSync([
        "systemd-analyze",
        "verify",
        "--man=no",
        join(root, "etc/systemd/system/odd.service"),
      ]);
      expect({ code: verify.exitCode, said: verify.stdout.toString() + verify.stderr.toString() }).toEqual({
        code: 0,
        said: "",
      });
    }
  },
);
