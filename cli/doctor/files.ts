import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "./check.ts";

/** `undefined` when it is not there, or may not be read. */
export function textOf({ root }: Machine, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** `net.core.somaxconn` as the kernel has it now; `undefined` when this kernel knows none. */
export function sysctl(machine: Machine, name: string): number | undefined {
  const text = textOf(machine, join("proc/sys", name.replaceAll(".", "/")));
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
}

export const has = ({ root }: Machine, path: string): boolean => existsSync(join(root, path));

/** A directory where this user may make files. */
export function mayWrite({ root }: Machine, path: string): boolean {
  try {
    accessSync(join(root, path), constants.W_OK | constants.X_OK);
    return statSync(join(root, path)).isDirectory();
  } catch {
    return false;
  }
}

/** The same of one that is made when it is needed. */
export function mayMake(machine: Machine, path: string): boolean {
  return has(machine, path) || path === dirname(path)
    ? mayWrite(machine, path)
    : mayMake(machine, dirname(path));
}
