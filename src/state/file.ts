import { closeSync, constants, fchownSync, ftruncateSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "../system/user.ts";
import { byteLength, check, initialize } from "./layout.ts";
import { initializeLimits, limitsLength } from "./limit-memory.ts";
import { MemoryWords } from "./memory.ts";

/** open(2), the part that is not O_DIRECTORY. */
const temporaryFile = 0o20000000;

export const descriptorPath = (fd: number): string =>
  `${process.platform === "linux" ? "/proc/self/fd" : "/dev/fd"}/${fd}`;

/** Of the file: the words, then the limits. */
const fileLength = byteLength + limitsLength;

/**
 * A file of words and rate limits for the processes that are handed its descriptor. It has no name, so it is gone with the
 * last of them, however they end, and nobody else can open it.
 * @param directory where memory cannot hold files
 * @param account whose processes open it
 * @throws the system's error when no file can be made
 */
export function createWords(directory: string, account: Account | undefined): number {
  const fd = nameless("/dev/shm") ?? nameless(directory) ?? unlinked(directory);
  ftruncateSync(fd, fileLength);
  if (account !== undefined) fchownSync(fd, account.uid, account.gid);
  const memory = Bun.mmap(descriptorPath(fd), { shared: true });
  initialize(memory);
  initializeLimits(memory.subarray(byteLength));
  return fd;
}

/** `undefined` where the file system cannot. */
function nameless(directory: string): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return openSync(directory, constants.O_RDWR | constants.O_DIRECTORY | temporaryFile, 0o600);
  } catch {
    return undefined;
  }
}

function unlinked(directory: string): number {
  const path = join(directory, `words-${process.pid}`);
  const fd = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return fd;
}

/**
 * Maps a file of words.
 * @param names those that may be used; more may come later
 * @throws SkitaiError STATE_INVALID when it is of another version; the system's error when it cannot be mapped
 */
export const openWords = (path: string, names: ReadonlySet<string>): MemoryWords =>
  new MemoryWords(check(Bun.mmap(path, { shared: true })), names);

/** The rate limits in a file of words. */
export const openLimits = (path: string): Uint8Array => Bun.mmap(path, { shared: true }).subarray(byteLength);

/** Words of this process alone. */
export const privateWords = (names: ReadonlySet<string>): MemoryWords =>
  new MemoryWords(initialize(new Uint8Array(byteLength)), names);

/** Another descriptor of the same file that no child inherits by itself; closes the first. */
export function takeDescriptor(fd: number): number {
  const own = openSync(descriptorPath(fd), "r+");
  closeSync(fd);
  return own;
}
