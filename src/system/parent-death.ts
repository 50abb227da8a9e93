import { openLibc } from "./libc.ts";

/** prctl(2): PR_SET_PDEATHSIG, which sends a signal to this process when its parent dies. */
const setParentDeathSignal = 1;
const kill = 9;

/**
 * Has the kernel kill this process when `parent` dies, whatever either of them does then. Does nothing where there is no
 * prctl(2).
 * @returns false when that parent is gone already
 */
export function dieWithParent(parent: number): boolean {
  const libc = openLibc({ prctl: { args: ["int", "u64", "u64", "u64", "u64"], returns: "int" } });
  libc?.prctl(setParentDeathSignal, kill, 0, 0, 0);
  return process.ppid === parent;
}
