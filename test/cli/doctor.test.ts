import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Finding } from "../../cli/doctor/check.ts";
import { checks } from "../../cli/doctor/checks.ts";
import { asNobody, isRoot, openDirectory, run, skitai } from "./support.ts";

let root: string;
beforeEach(() => {
  root = openDirectory();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A machine on which all is well. */
const good: Readonly<Record<string, string>> = {
  "proc/sys/kernel/osrelease": "6.1.0-44-amd64\n",
  "proc/sys/net/ipv4/tcp_migrate_req": "1\n",
  "proc/sys/net/core/somaxconn": "4096\n",
  "proc/sys/net/core/rmem_max": "7500000\n",
  "proc/sys/net/core/wmem_max": "8000000\n",
  "proc/sys/net/ipv4/ip_unprivileged_port_start": "80\n",
  "proc/self/limits":
    "Limit      Soft Limit   Hard Limit   Units\nMax open files    65536    65536    files\n",
  "proc/net/if_inet6": "00000000000000000000000000000001 01 80 10 80       lo\n",
  "run/systemd/timesync/synchronized": "",
  "run/systemd/system/x": "",
  "dev/shm/x": "",
};

/** Another machine's files; `undefined` takes one away. */
function machine(changes: Readonly<Record<string, string | undefined>> = {}): void {
  for (const [path, content] of Object.entries({ ...good, ...changes })) {
    if (content === undefined) continue;
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

const find = (name: string, { uid = 1000, bun = "1.4.5" } = {}): Finding =>
  checks[name]!({ root, uid, bun, runRoots: ["/run/skitai", "/home/x/.local/state/skitai"] });

describe("[Y3] skitai doctor", () => {
  test("finds nothing on a machine where all is well", () => {
    machine();
    const states = Object.keys(checks).map((name) => [name, find(name).state]);
    expect(states).toEqual(Object.keys(checks).map((name) => [name, "ok"]));
  });

  const bad: readonly [
    check: string,
    changes: Record<string, string | undefined>,
    state: string,
    value: string,
    text: string,
  ][] = [
    ["kernel", { "proc/sys/kernel/osrelease": "4.4.0-1" }, "wrong", "4.4.0-1", "4.6"],
    ["kernel", { "proc/sys/kernel/osrelease": undefined }, "wrong", "unknown", "Linux"],
    ["net.ipv4.tcp_migrate_req", { "proc/sys/net/ipv4/tcp_migrate_req": "0\n" }, "advice", "0", "sysctl -w"],
    [
      "net.ipv4.tcp_migrate_req",
      { "proc/sys/net/ipv4/tcp_migrate_req": undefined },
      "advice",
      "unknown",
      "Linux 5.14",
    ],
    ["net.core.somaxconn", { "proc/sys/net/core/somaxconn": "128" }, "advice", "128", "refused"],
    [
      "open files",
      { "proc/self/limits": "Max open files  1024  4096 files" },
      "advice",
      "1024",
      "LimitNOFILE",
    ],
    ["/dev/shm", { "dev/shm/x": undefined }, "advice", "not writable", "run directory"],
    [
      "clock",
      { "run/systemd/timesync/synchronized": undefined },
      "advice",
      "nobody is known to keep it",
      "chrony",
    ],
    ["systemd", { "run/systemd/system/x": undefined }, "advice", "does not run", "supervisor"],
    [
      "ports below 1024",
      { "proc/sys/net/ipv4/ip_unprivileged_port_start": "1024" },
      "advice",
      "for root below 1024",
      "ip_unprivileged_port_start=80",
    ],
    [
      "udp buffers",
      { "proc/sys/net/core/rmem_max": "212992" },
      "advice",
      "212992 and 8000000",
      "net.core.rmem_max=7500000",
    ],
    ["ipv6", { "proc/net/if_inet6": "" }, "advice", "off", "IPv4"],
  ];
  for (const [check, changes, state, value, text] of bad)
    test(`says what follows: ${check} with ${JSON.stringify(Object.values(changes)[0] ?? null)}`, () => {
      machine(changes);
      expect(find(check)).toEqual({ state: state as "ok", value, text: expect.stringContaining(text) });
    });

  test("an old Bun is wrong, a new one is not; root needs no unprivileged ports", () => {
    machine({ "proc/sys/net/ipv4/ip_unprivileged_port_start": "1024" });
    expect(find("bun", { bun: "1.4.4" })).toEqual({
      state: "wrong",
      value: "1.4.4",
      text: expect.any(String),
    });
    expect(find("bun", { bun: "1.10.0" }).state).toBe("ok");
    expect(find("ports below 1024", { uid: 0 }).state).toBe("ok");
  });

  test("ends with 1 when something is wrong, and with 0 for advice", async () => {
    machine({ "proc/sys/net/ipv4/tcp_migrate_req": "0\n" });
    const advised = await skitai(["doctor", "--root", root, "--json"], root);
    const findings = JSON.parse(advised.stdout) as Record<string, Finding>;
    expect([advised.exitCode, findings["net.ipv4.tcp_migrate_req"]!.state]).toEqual([0, "advice"]);
    writeFileSync(join(root, "proc/sys/kernel/osrelease"), "3.10.0");
    const failed = await skitai(["doctor", "--root", root], root);
    expect([failed.exitCode, failed.stderr]).toEqual([1, ""]);
    expect(failed.stdout.split("\n")).toContain("WRONG   kernel: 3.10.0");
  });

  test.if(isRoot)("a place for the run directory that this user may not write is none", async () => {
    machine();
    mkdirSync(join(root, "home/nobody"), { recursive: true });
    const command = Bun.fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
    const words = [...asNobody, process.execPath, command, "doctor", "--json", "--root", root];
    const env = { XDG_RUNTIME_DIR: "/run/user/1", HOME: "/home/nobody", TMPDIR: "/tmp" };
    const look = async (): Promise<Finding | undefined> =>
      (JSON.parse((await run(words, root, env)).stdout) as Record<string, Finding>)["run directory"];
    expect(await look()).toMatchObject({ state: "wrong", value: "none" });
    chmodSync(join(root, "home/nobody"), 0o777);
    expect(await look()).toEqual({ state: "ok", value: "/home/nobody/.local/state/skitai" });
  });

  test("looks at this machine", async () => {
    const { stdout, stderr, exitCode } = await skitai(["doctor", "--json"], root);
    const findings = JSON.parse(stdout) as Record<string, Finding>;
    expect(Object.keys(findings)).toEqual(Object.keys(checks));
    expect([findings["bun"], stderr]).toEqual([{ state: "ok", value: Bun.version }, ""]);
    expect(exitCode).toBe(Object.values(findings).some(({ state }) => state === "wrong") ? 1 : 0);
  });
});
