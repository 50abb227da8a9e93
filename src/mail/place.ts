import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { SkitaiError } from "../errors.ts";
import { findUser } from "../system/user.ts";

/**
 * The spool that the users of a machine share. Only root makes it, owned by root and sticky, so that nobody can put a directory
 * of theirs in place of another's; without it each user has a spool at home. Not below /var/tmp: services of systemd have one
 * of their own there, and it is tidied.
 */
export const sharedSpool = "/var/spool/skitai/smtpda";

/** Names one directory instead of all of this. */
export const spoolVariable = "SKITAI_SPOOL";

const self = (): number => process.geteuid?.() ?? 0;

/** Of the user `uid` in the shared spool. */
export const sharedOf = (uid: number): string => join(sharedSpool, String(uid));

/** Where this user's mail may be, the place to use first. */
export function spoolPlaces(): string[] {
  const given = process.env[spoolVariable];
  if (given) return [resolve(given)];
  return [sharedOf(self()), join(homeOf(self()), ".skitai/smtpda")];
}

/** By number: a service may have the HOME of who started it. */
const homeOf = (uid: number): string => findUser(String(uid))?.home ?? homedir();

/** Makes the shared spool, when this is root. */
export function makeSharedSpool(): void {
  if (self() !== 0 || process.env[spoolVariable]) return;
  mkdirSync(dirname(sharedSpool), { recursive: true, mode: 0o755 });
  mkdirSync(sharedSpool, { recursive: true });
  // Behind the umask of whoever called. Names of others' directories are numbers of users: no secret.
  chmodSync(sharedSpool, 0o1777);
}

/**
 * Makes the first place that is possible, mode 0700.
 * @throws SkitaiError MAIL_SPOOL with the reason of the first one that is not
 */
export function makeSpool(): string {
  let failure: NodeJS.ErrnoException | undefined;
  const places = spoolPlaces();
  for (const place of places) {
    try {
      makePlace(place);
      return place;
    } catch (error) {
      // The shared one is missing wherever root has not made it.
      if (failure === undefined || place !== places[0]) failure = error as NodeJS.ErrnoException;
    }
  }
  throw spoolError(places.at(-1)!, failure);
}

function makePlace(place: string): void {
  const home = !place.startsWith(`${sharedSpool}/`) && !process.env[spoolVariable];
  if (self() === 0 && !home) makeSharedSpool();
  if (home) mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  if (place.startsWith(`${sharedSpool}/`)) requireShared();
  makeOwn(place);
  for (const part of ["tmp", "queue", "undelivered"]) makeOwn(join(place, part));
}

/** The shared spool counts when it is root's: else its owner could put something else in the place of others' directories. */
function requireShared(): void {
  const { uid, mode } = lstatSync(sharedSpool);
  if (uid !== 0 || (mode & 0o1000) === 0) throw Object.assign(new Error(), { code: "EPERM" });
}

function makeOwn(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== self()) throw Object.assign(new Error(), { code: "EPERM" });
}

export const spoolError = (path: string, cause: unknown): SkitaiError =>
  new SkitaiError("MAIL_SPOOL", {
    name: `mail cannot be written to ${path}`,
    accepted: (cause as NodeJS.ErrnoException | undefined)?.code ?? String(cause),
    cause,
  });
