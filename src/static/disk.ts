import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import type { BigIntStats } from "node:fs";
import { resolve } from "node:path";
import { SkitaiError } from "../errors.ts";
import { pinned } from "./pinned-file.ts";
import { memoryContent } from "./source.ts";
import type { Content, Source, Stamp } from "./source.ts";
import { stampOf } from "./stamp.ts";

/** O_NONBLOCK: a FIFO put there between `stat` and `open` must not hang the worker. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const NOT_HERE = new Set([
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "ELOOP",
  "ENAMETOOLONG",
  "ENXIO",
  "EINVAL",
]);
/** A file is read again when it was written meanwhile; one that never rests is then sent from its descriptor. */
const READ_ATTEMPTS = 3;

/** A directory on disk. The root may be a symlink that is switched later, as deployments do. */
export class DiskSource implements Source {
  readonly #root: string;
  #realRoot: string;

  /** @throws SkitaiError MOUNT_INVALID when `root` is not a directory that can be read. */
  constructor(root: string) {
    const found = tolerant(() => statSync(root));
    if (found?.isDirectory() !== true) {
      throw new SkitaiError("MOUNT_INVALID", {
        name: "directory",
        value: root,
        accepted: "a directory that exists",
      });
    }
    // Absolute now: the working directory may change. No slash at the end, not even for `/`.
    this.#root = resolve(root).replace(/\/$/, "");
    this.#realRoot = realpathSync(root);
  }

  stat(path: string): Stamp | "directory" | undefined {
    const found = tolerant(() => statSync(this.#root + path, { bigint: true, throwIfNoEntry: false }));
    if (found === undefined) return undefined;
    if (found.isDirectory()) return "directory";
    return found.isFile() ? stampOf(found) : undefined;
  }

  open(path: string, maxFile: number): Content | undefined {
    const name = this.#root + path;
    const fd = tolerant(() => openSync(name, OPEN_FLAGS));
    if (fd === undefined) return undefined;
    let kept = false;
    try {
      const found = fstatSync(fd, { bigint: true });
      if (!found.isFile() || !this.#contains(fd, name)) return undefined;
      const read = found.size <= maxFile ? readWhole(fd, found) : undefined;
      if (read !== undefined) return read;
      kept = true;
      return pinned(fd, name, stampOf(fstatSync(fd, { bigint: true })));
    } finally {
      if (!kept) closeSync(fd);
    }
  }

  /** Asks the open descriptor where it led, so that no symlink can be swapped between check and use. Spec S4. */
  #contains(fd: number, name: string): boolean {
    const real = realPathOf(fd, name);
    if (real === undefined) return false;
    if (isBelow(this.#realRoot, real)) return true;
    this.#realRoot = tolerant(() => realpathSync(this.#root || "/")) ?? this.#realRoot;
    return isBelow(this.#realRoot, real);
  }
}

const isBelow = (root: string, path: string): boolean => path.startsWith(root === "/" ? root : `${root}/`);

function realPathOf(fd: number, name: string): string | undefined {
  if (process.platform === "linux") return tolerant(() => readlinkSync(`/proc/self/fd/${fd}`));
  // Elsewhere: the resolved name must lead to the very file that is open.
  const real = tolerant(() => realpathSync(name));
  if (real === undefined) return undefined;
  const [opened, named] = [fstatSync(fd, { bigint: true }), tolerant(() => statSync(real, { bigint: true }))];
  return opened.ino === named?.ino && opened.dev === named.dev ? real : undefined;
}

/** One version as a whole: nothing was written from before the first byte was read until after the last. */
function readWhole(fd: number, first: BigIntStats): Content | undefined {
  let before = stampOf(first);
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const bytes = readBytes(fd, before.size);
    const after = stampOf(fstatSync(fd, { bigint: true }));
    if (bytes !== undefined && after.tag === before.tag) return memoryContent(after, new Blob([bytes]));
    before = after;
  }
  return undefined;
}

/** `undefined` when the file ended early. */
function readBytes(fd: number, size: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = readSync(fd, bytes, length, size - length, length);
    if (read === 0) return undefined;
    length += read;
  }
  return bytes;
}

/** Runs a system call; `undefined` when there is no such file. Want of descriptors or a broken disk is not that. */
function tolerant<Result>(call: () => Result): Result | undefined {
  try {
    return call();
  } catch (error) {
    if (NOT_HERE.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
