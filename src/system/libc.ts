import { dlopen, type Symbols } from "bun:ffi";

const names = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** The C library's functions in `symbols`; `undefined` on a system that has none of the known libraries. */
export function openLibc<Fns extends Symbols>(symbols: Fns) {
  for (const name of names) {
    try {
      return dlopen(name, symbols).symbols;
    } catch {
      // Not this C library: the next name.
    }
  }
  return undefined;
}

/** Text as C wants it. */
export const cString = (text: string): Buffer => Buffer.from(`${text}\0`);
