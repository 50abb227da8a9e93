import { CString, type Pointer } from "bun:ffi";
import { readdirSync } from "node:fs";
import { cString, openLibc } from "./libc.ts";

/** `d_name` of `struct dirent`, on 64-bit glibc and musl alike. */
const nameOffset = 19;

let libc: ReturnType<typeof open> | undefined;
const open = () =>
  openLibc({
    opendir: { args: ["cstring"], returns: "ptr" },
    readdir: { args: ["ptr"], returns: "ptr" },
    closedir: { args: ["ptr"], returns: "int" },
  });

/** Names in a directory, one at a time: `readdirSync`, and `opendirSync` of Bun too, hold all of them at once. */
export interface OpenDirectory extends Iterable<string>, Disposable {}

/**
 * Rights are asked for here only, not while it is read. Whoever has it closes it.
 * @throws the system's error where the directory cannot be read
 */
export function openDirectory(path: string): OpenDirectory {
  libc ??= open();
  const { opendir, readdir, closedir } = libc ?? {};
  const stream = opendir?.(cString(path));
  // Where the C library is not known, or says no: this one throws the reason.
  if (!stream || !readdir || !closedir) return listed(readdirSync(path));
  let closed = false;
  return {
    *[Symbol.iterator]() {
      for (let entry = closed ? null : readdir(stream); entry; entry = closed ? null : readdir(stream)) {
        const name = String(new CString((Number(entry) + nameOffset) as Pointer));
        if (name !== "." && name !== "..") yield name;
      }
    },
    [Symbol.dispose]() {
      if (!closed) closedir(stream);
      closed = true;
    },
  };
}

const listed = (names: readonly string[]): OpenDirectory => ({
  [Symbol.iterator]: () => names[Symbol.iterator](),
  [Symbol.dispose]() {},
});
