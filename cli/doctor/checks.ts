import { advice, type Check, ok, wrong } from "./check.ts";
import { has, mayMake, mayWrite, sysctl, textOf } from "./files.ts";

const oldestBun = "1.4.5";
const fewFiles = 10_000;
const shortQueue = 1024;
/** What QUIC servers ask for, bytes. */
const udpBuffer = 7_500_000;
const http = 80;

const set = (name: string, value: number): string =>
  `sysctl -w ${name}=${value}, and a line in /etc/sysctl.d to keep it`;

/** Everything an operator needs, in the order it is shown. */
export const checks: Readonly<Record<string, Check>> = {
  bun: ({ bun }) =>
    Bun.semver.order(bun, oldestBun) < 0
      ? wrong(bun, `Bun ${oldestBun} or later is needed: bun upgrade`)
      : ok(bun),

  kernel: (machine) => {
    const release = textOf(machine, "proc/sys/kernel/osrelease");
    if (release === undefined) return wrong("unknown", "Linux is needed, with /proc");
    return older(release, 4, 6)
      ? wrong(release, "Linux 4.6 or later is needed: workers share ports by a group that is steered")
      : ok(release);
  },

  "net.ipv4.tcp_migrate_req": (machine) => {
    const value = sysctl(machine, "net.ipv4.tcp_migrate_req");
    const without =
      "reloads steer new connections away from leaving workers themselves, and wait for those on their way";
    if (value === undefined) return advice("unknown", `needs Linux 5.14: without it ${without}`);
    if (value > 0) return ok(`${value}`);
    return advice(
      "0",
      `${without}; with 1 the kernel hands these over, too: ${set("net.ipv4.tcp_migrate_req", 1)}`,
    );
  },

  "net.core.somaxconn": (machine) => {
    const value = sysctl(machine, "net.core.somaxconn") ?? 0;
    if (value >= shortQueue) return ok(`${value}`);
    return advice(`${value}`, `a burst of connections is refused: ${set("net.core.somaxconn", 4096)}`);
  },

  "open files": (machine) => {
    const [, soft = "0"] =
      /^Max open files +(\d+|unlimited)/m.exec(textOf(machine, "proc/self/limits") ?? "") ?? [];
    if (soft === "unlimited" || Number(soft) >= fewFiles) return ok(soft);
    return advice(
      soft,
      `each connection is one, for each worker: ulimit -n 65536, or LimitNOFILE= of the unit`,
    );
  },

  "/dev/shm": (machine) => {
    if (mayWrite(machine, "dev/shm")) return ok("writable");
    return advice(
      "not writable",
      "what workers share is in a file of the run directory instead, which may be on a disk",
    );
  },

  "run directory": (machine) => {
    const found = machine.runRoots.find((path) => mayMake(machine, path));
    if (found !== undefined) return ok(found);
    return wrong(
      "none",
      `no place for pid file, lock and control socket: ${machine.runRoots.join(", ")} cannot be written; set runDirectory`,
    );
  },

  clock: (machine) => {
    const by = clocks.find(([path]) => has(machine, path));
    if (by !== undefined) return ok(`kept by ${by[1]}`);
    return advice(
      "nobody is known to keep it",
      "certificates, tokens and caches go by it: systemd-timesyncd or chrony",
    );
  },

  systemd: (machine) =>
    has(machine, "run/systemd/system")
      ? ok("runs")
      : advice(
          "does not run",
          "install makes units for it; without it, start with -d or from another supervisor",
        ),

  "ports below 1024": (machine) => {
    const first = sysctl(machine, "net.ipv4.ip_unprivileged_port_start") ?? 1024;
    if (machine.uid === 0) return ok("this user is root");
    if (first <= http) return ok(`free from ${first}`);
    return advice(
      `for root below ${first}`,
      `80 and 443 need root (sudo, or the unit), or ${set("net.ipv4.ip_unprivileged_port_start", http)}`,
    );
  },

  "udp buffers": (machine) => {
    const names = ["net.core.rmem_max", "net.core.wmem_max"];
    const small = names.filter((name) => (sysctl(machine, name) ?? 0) < udpBuffer);
    const value = names.map((name) => sysctl(machine, name) ?? "unknown").join(" and ");
    if (small.length === 0) return ok(value);
    return advice(
      value,
      `HTTP/3 under load loses packets: ${small.map((name) => set(name, udpBuffer)).join("; ")}`,
    );
  },

  ipv6: (machine) =>
    textOf(machine, "proc/net/if_inet6") ? ok("on") : advice("off", "the service is reached by IPv4 only"),
};

/** Files that say who keeps the clock right. */
const clocks: readonly (readonly [path: string, name: string])[] = [
  ["run/systemd/timesync/synchronized", "systemd-timesyncd"],
  ["run/chrony", "chrony"],
  ["run/chronyd.pid", "chrony"],
  ["run/ntpd.pid", "ntpd"],
  ["run/openntpd.sock", "openntpd"],
];

function older(release: string, major: number, minor: number): boolean {
  const [own = 0, point = 0] = release.split(/[.-]/).map(Number);
  return own < major || (own === major && point < minor);
}
