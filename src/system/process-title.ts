import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import { readFileSync } from "node:fs";
import { cString, openLibc } from "./libc.ts";

/** prctl(2): PR_SET_NAME. */
const setName = 15;

/** `top` shows 15 bytes: the end that tells processes apart is kept. */
export const shortTitle = (name: string, end: string): string => name.slice(0, 15 - end.length) + end;

/**
 * What `ps` and `top` show of this process: `title` as its command line, `short` (15 bytes count) as its name.
 * `process.title` does nothing in Bun. The kernel reads the command line from the memory behind `arg_start` of
 * proc_pid_stat(5); text longer than the arguments runs on into the environment (as setproctitle(3bsd) does), which is
 * copied away first. Does nothing where that memory cannot be found. Spec W2.
 */
export function setProcessTitle(title: string, short: string): void {
  const libc = openLibc({
    setenv: { args: ["cstring", "cstring", "int"], returns: "int" },
    prctl: { args: ["int", "ptr", "u64", "u64", "u64"], returns: "int" },
  });
  if (!libc) return;
  libc.prctl(setName, ptr(cString(short.slice(0, 15))), 0, 0, 0);
  const { start, argumentsEnd, end } = argumentMemory();
  const bytes = Buffer.from(title);
  if (!(start > 0 && end - start > bytes.length)) return;
  if (bytes.length >= argumentsEnd - start) {
    for (const [name, value] of Object.entries(process.env))
      libc.setenv(cString(name), cString(value ?? ""), 1);
  }
  const room = bytes.length >= argumentsEnd - start ? end - start : argumentsEnd - start;
  const memory = new Uint8Array(toArrayBuffer(start as Pointer, 0, room));
  memory.fill(0);
  memory.set(bytes);
}

/** Addresses from fields 48 to 51 of /proc/self/stat. */
function argumentMemory(): { start: number; argumentsEnd: number; end: number } {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { start: Number(fields[45]), argumentsEnd: Number(fields[46]), end: Number(fields[48]) };
  } catch {
    return { start: 0, argumentsEnd: 0, end: 0 };
  }
}
