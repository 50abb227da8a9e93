import { existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { getswd } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";

/** What decides where the files of a service are. */
export type ServicePlace = Pick<Settings, "name" | "port" | "runDirectory">;

/**
 * Directories that hold those of the services, the one to use first. cron and ssh set no XDG_RUNTIME_DIR, so its usual
 * place is looked at as well; nothing needs a HOME. Root's never depends on the shell it came from.
 */
export function runRoots(): string[] {
  const uid = process.getuid?.() ?? 0;
  const temporary = join(tmpdir(), `skitai-${uid}`);
  if (uid === 0) return [below(existsSync("/run") ? "/run" : "/var/run"), temporary];
  const usual = `/run/user/${uid}`;
  const runtime = process.env["XDG_RUNTIME_DIR"] || (existsSync(usual) ? usual : undefined);
  return [...(runtime ? [below(runtime)] : []), join(homedir(), ".local/state/skitai"), temporary];
}

const below = (path: string): string => join(path, "skitai");

/** Services on "any free port", and those of tests, are many of one name: each has a directory of its own. */
export const isOneOfMany = ({ port }: Pick<Settings, "port">): boolean =>
  port === 0 || Boolean(process.env["SKITAI_TEST_PARENT"]);

/**
 * Makes the directory of a service, mode 0700, in the first place where this user may.
 * @param many several services of this name may run: the port tells them apart
 * @throws SkitaiError OPTION_INVALID when there is none
 */
export function makeRunDirectory(place: ServicePlace, many: boolean): string {
  let failure: unknown;
  const candidates = directoriesOf(place, many);
  for (const directory of candidates) {
    try {
      make(directory, place.runDirectory !== "");
      return directory;
    } catch (error) {
      failure ??= error;
    }
  }
  const { code, message } = failure as NodeJS.ErrnoException;
  throw unwritable(candidates[0]!, code ?? message);
}

export const unwritable = (directory: string, reason: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", {
    name: "runDirectory",
    value: directory,
    accepted: `a directory that this user may write and no other (${reason})`,
  });

function directoriesOf({ name, port, runDirectory }: ServicePlace, many: boolean): string[] {
  const own = many ? `${name}-${port}` : name;
  if (runDirectory === "") return runRoots().map((root) => join(root, own));
  const given = resolve(getswd(), runDirectory);
  return [many ? `${given}-${port}` : given];
}

function make(directory: string, given: boolean): void {
  // In a directory that all may write, somebody else may have been first.
  const parent = dirname(directory);
  mkdirSync(given ? directory : parent, { recursive: true, mode: 0o700 });
  if (!given && !isOwn(parent)) throw Object.assign(new Error(), { code: "EPERM" });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!isOwn(directory)) throw Object.assign(new Error(), { code: "EPERM" });
}

/** Nobody else can put files there: it is no link, and this user's. */
export function isOwn(directory: string): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid);
}

/** Where services of this name have their files: one, or those of all ports. Dead ones are among them. */
export function findRunDirectories(place: ServicePlace, many: boolean): string[] {
  return directoriesOf({ ...place, port: 0 }, many).flatMap((one) => {
    const fits = many ? new RegExp(`^${RegExp.escape(one.slice(0, -1))}\\d+$`) : undefined;
    return ownDirectories(dirname(one)).filter((path) => fits?.test(path) ?? path === one);
  });
}

/** Directories of this user's services, living and dead. */
export const ownDirectories = (root: string): string[] => {
  try {
    return readdirSync(root)
      .map((entry) => join(root, entry))
      .filter(isOwn);
  } catch {
    return [];
  }
};
