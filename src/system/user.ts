import { CString, type Pointer, read } from "bun:ffi";
import { cString, openLibc } from "./libc.ts";

/** A user that a process can become. */
export interface Account {
  /** Its name, or its number when the system does not know it. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

let libc: ReturnType<typeof open> | undefined;
const open = () =>
  openLibc({
    getpwnam: { args: ["cstring"], returns: "ptr" },
    getpwuid: { args: ["u32"], returns: "ptr" },
    getgrnam: { args: ["cstring"], returns: "ptr" },
  });

/**
 * A user by name or number, asked from the C library, so that other sources than /etc/passwd count; `undefined` when there is
 * none. A number that nobody has is a user without name, in the group of that number.
 */
export function findUser(name: string): Account | undefined {
  libc ??= open();
  if (!/^\d+$/.test(name)) return accountAt(libc?.getpwnam(cString(name)));
  const uid = Number(name);
  return accountAt(libc?.getpwuid(uid)) ?? { name, uid, gid: uid, home: "/" };
}

/** The number of a group given by name or number. */
export function findGroup(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  libc ??= open();
  const entry = libc?.getgrnam(cString(name));
  return entry ? read.u32(Number(entry) as Pointer, 16) : undefined;
}

/** `struct passwd` of 64-bit glibc and musl: name, password, uid, gid, gecos, home, shell. */
function accountAt(found: Pointer | bigint | null | undefined): Account | undefined {
  if (!found) return undefined;
  const entry = Number(found) as Pointer;
  return {
    name: textAt(entry, 0),
    uid: read.u32(entry, 16),
    gid: read.u32(entry, 20),
    home: textAt(entry, 32),
  };
}

const textAt = (entry: Pointer, offset: number): string =>
  String(new CString(read.ptr(entry, offset) as Pointer));
