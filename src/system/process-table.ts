import { readFileSync } from "node:fs";

/** What the kernel says of a process. */
export interface ProcessUsage {
  /** Seconds of CPU it has used, all its threads. */
  readonly cpu: number;
  /** Bytes of resident memory. */
  readonly memory: number;
}

/** USER_HZ and page size of every Linux that Bun runs on. */
const ticks = 100;
const page = 4096;
/** `PF_EXITING` of <linux/sched.h>: set before the files of a process are closed. */
const exitingFlag = 4;

/** Fields of proc_pid_stat(5) from the third on; `undefined` when there is no such process. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Whether a process is gone, or so far on its way that its sockets may be closed. False where there is no /proc. */
export function isExiting(pid: number): boolean {
  if (process.platform !== "linux") return false;
  const stat = statOf(pid);
  return stat === undefined || (Number(stat[6]) & exitingFlag) !== 0;
}

/** @returns `undefined` when there is no such process */
export function usageOf(pid: number): ProcessUsage | undefined {
  const stat = statOf(pid);
  if (stat === undefined) return undefined;
  return { cpu: (Number(stat[11]) + Number(stat[12])) / ticks, memory: Number(stat[21]) * page };
}
