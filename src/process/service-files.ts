import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { SkitaiError } from "../errors.ts";
import { tryLock } from "../system/flock.ts";
import { findRunDirectories, makeRunDirectory, type ServicePlace, unwritable } from "./run-directory.ts";

/** How long (ms) a starting service may need from its lock to its pid file. */
const pidPatience = 1000;

export const socketOf = (directory: string): string => join(directory, "control");
const lockOf = (directory: string): string => join(directory, "lock");
const pidOf = (directory: string): string => join(directory, "pid");

/** Lock, pid file and place of the control socket of a service that runs; gone with the process. Spec W6. */
export class ServiceFiles {
  readonly directory: string;
  readonly #lock: number;

  private constructor(directory: string, lock: number) {
    this.directory = directory;
    this.#lock = lock;
    // Of one that was killed: a Unix socket cannot be bound over its file.
    rmSync(socketOf(directory), { force: true });
    writeFileSync(pidOf(directory), `${process.pid}\n`);
    process.on("exit", () => this.#release());
  }

  /**
   * Makes this process the one service of its place. What a dead one left there is no obstacle.
   * @throws SkitaiError SERVICE_RUNS when another has it, OPTION_INVALID when no directory can be written
   */
  static async take(settings: ServicePlace, many: boolean): Promise<ServiceFiles> {
    const others = findRunDirectories(settings, many);
    if (many) for (const directory of others) clear(directory);
    for (const directory of many ? [] : others.filter(isHeld)) throw await runsAlready(settings, directory);
    for (;;) {
      const directory = makeRunDirectory(settings, many);
      const lock = lockIn(directory);
      if (lock !== undefined) return new ServiceFiles(directory, lock);
      if (isHeld(directory)) throw await runsAlready(settings, directory);
    }
  }

  #release(): void {
    remove(this.directory);
    closeSync(this.#lock);
  }
}

async function runsAlready({ name }: ServicePlace, directory: string): Promise<SkitaiError> {
  const pid = await pidIn(directory);
  return new SkitaiError("SERVICE_RUNS", {
    name: `skitai/${name} runs already${pid === undefined ? "" : `, pid ${pid}`}`,
  });
}

/** Takes the files of a dead service away. */
function clear(directory: string): void {
  if (!statSync(lockOf(directory), { throwIfNoEntry: false })) return;
  const lock = lockIn(directory);
  if (lock === undefined) return;
  remove(directory);
  closeSync(lock);
}

/** The lock goes last: until then nobody else writes here. */
function remove(directory: string): void {
  for (const file of [socketOf(directory), pidOf(directory), lockOf(directory)])
    rmSync(file, { force: true });
  try {
    rmdirSync(directory);
  } catch {
    // Somebody else's file is in it, or the next service.
  }
}

/** The descriptor of a lock that this process has now; `undefined` when another has it, or its file went meanwhile. */
function lockIn(directory: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(lockOf(directory), "a", 0o600);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw unwritable(directory, code);
  }
  // Who had it before removes the file: a lock on a file without a name is none.
  const named = (): boolean =>
    statSync(lockOf(directory), { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
  if (tryLock(fd, "exclusive") && named()) return fd;
  closeSync(fd);
  return undefined;
}

/** A service has this directory now. */
export function isHeld(directory: string): boolean {
  let fd: number;
  try {
    fd = openSync(lockOf(directory), "r");
  } catch {
    return false;
  }
  // Two that look do not stand in each other's way.
  const free = tryLock(fd, "shared");
  closeSync(fd);
  return !free;
}

/** The pid of the service that holds `directory`. It is written right after the lock was taken. */
export async function pidIn(directory: string): Promise<number | undefined> {
  for (const end = Date.now() + pidPatience; Date.now() < end; await Bun.sleep(5)) {
    const pid = readPid(directory);
    if (pid !== undefined && isAlive(pid)) return pid;
  }
  return readPid(directory);
}

function readPid(directory: string): number | undefined {
  try {
    return Number(readFileSync(pidOf(directory), "latin1")) || undefined;
  } catch {
    return undefined;
  }
}

/** A process that nobody waits for is gone as well. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch (error) {
    // Another user's; or a system without /proc, where the first line has said it.
    const { code, syscall } = error as NodeJS.ErrnoException;
    return code === "EPERM" || (code === "ENOENT" && syscall === "open");
  }
}
