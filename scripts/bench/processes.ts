import { readdirSync, readFileSync } from "node:fs";
import { dlopen, ptr } from "bun:ffi";

const TICKS_PER_SECOND = 100; // USER_HZ, part of the kernel's interface to user space

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** CPU seconds of its children that have ended and been waited for. */
  readonly childrenSeconds: number;
}

/** `/proc/PID/stat`, proc_pid_stat(5); the name in parentheses may hold anything. `undefined` when it has ended. */
function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    if (text[text.lastIndexOf(")") + 2] === "Z") return undefined;
    const [, parent = 0, , session = 0] = fields;
    return {
      pid,
      parent,
      session,
      childrenSeconds: ((fields[13] ?? 0) + (fields[14] ?? 0)) / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}

/** The process, its descendants and whoever is left in its session, the process itself first. */
function family(root: number): Stat[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => stat(Number(name)) ?? []);
  const found = new Map(
    all.filter((one) => one.pid === root || one.session === root).map((one) => [one.pid, one]),
  );
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.set(one.pid, one);
  }
  return [...found.values()].sort((a, b) => Number(b.pid === root) - Number(a.pid === root) || a.pid - b.pid);
}

/** Ids of all processes of a server that was started as leader of its own session. */
export const processTree = (root: number): number[] => family(root).map((one) => one.pid);

const libc = dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });
const timespec = new BigInt64Array(2);

/**
 * User and system seconds of all threads of a process, those that have ended included, to the nanosecond: the CPU clock
 * of another process, whose id clock_getcpuclockid(3) makes from the pid. /proc counts in ticks of 10 ms.
 */
export function processSeconds(pid: number): number {
  const clock = (~pid << 3) | 2; // CPUCLOCK_SCHED
  if (libc.symbols.clock_gettime(clock, ptr(timespec)) !== 0) return 0;
  return Number(timespec[0]) + Number(timespec[1]) / 1e9;
}

/** CPU seconds so far of a whole process tree. */
export const cpuSeconds = (root: number): number =>
  family(root).reduce((sum, one) => sum + processSeconds(one.pid) + one.childrenSeconds, 0);

/** CPU seconds so far of everything on the machine: user, nice, system, irq, softirq. */
export function machineSeconds(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync("/proc/stat", "latin1")
    .split("\n", 1)
    .flatMap((line) => line.split(/ +/).map(Number));
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** Proportional set size of each process of a tree in bytes, the first process first. */
export function memory(root: number): number[] {
  return processTree(root).flatMap((pid) => {
    const kilobytes = /^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1];
    return kilobytes === undefined ? [] : [Number(kilobytes) * 1024];
  });
}
