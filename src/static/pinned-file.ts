import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { stampOf } from "./stamp.ts";
import type { Content, Hold, Stamp } from "./source.ts";

/**
 * How long a descriptor outlives its last use: Bun opens the file of a response when it starts to send, right after
 * the handler returned. Longer than any middleware takes, short enough that descriptors do not pile up.
 */
const GRACE_MS = 10_000;
const HAS_PROC = existsSync("/proc/self/fd");

/**
 * A file held open and served by Bun through `/proc/self/fd/N`: whatever happens to the name, a response gets the file
 * whose size and entity tag it states. (`Bun.file(fd)` would leave closing to us with no sign of when, and states a
 * wrong Content-Length for slices in 1.4.5.) Takes over `fd`. Without `/proc` the name must do.
 */
export function pinned(fd: number, name: string, stamp: Stamp): Content {
  const path = HAS_PROC ? `/proc/self/fd/${fd}` : name;
  let released = false;
  return {
    stamp,
    body: Bun.file(path).slice(0, stamp.size),
    inMemory: false,
    hold: () => hold(path, stamp),
    release() {
      if (!released) setTimeout(() => closeSync(fd), GRACE_MS).unref();
      released = true;
    },
  };
}

/** A descriptor of its own, so that a slow reader keeps it as long as it takes. */
function hold(path: string, stamp: Stamp): Hold {
  const fd = openSync(path, "r");
  const unchanged = () => stampOf(fstatSync(fd, { bigint: true })).tag === stamp.tag;
  return { blob: Bun.file(HAS_PROC ? `/proc/self/fd/${fd}` : path), unchanged, release: () => closeSync(fd) };
}
