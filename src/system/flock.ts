import { openLibc } from "./libc.ts";

/** flock(2): LOCK_SH, LOCK_EX; LOCK_NB. */
const kinds = { shared: 1, exclusive: 2 };
const nonBlocking = 4;

let libc: ReturnType<typeof open> | undefined;
const open = () => openLibc({ flock: { args: ["int", "int"], returns: "int" } });

/**
 * Takes the lock of an open file; false when another open file description has it. It is held until the descriptor is
 * closed or the process is gone, however it went. Where the C library is not known, nobody ever has it.
 */
export function tryLock(fd: number, kind: keyof typeof kinds): boolean {
  libc ??= open();
  return libc === undefined || libc.flock(fd, kinds[kind] | nonBlocking) === 0;
}
