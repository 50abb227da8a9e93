import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename, join } from "node:path";
import { type OpenDirectory, openDirectory } from "../system/directory-entries.ts";
import { tryLock } from "../system/flock.ts";
import { actAs } from "../system/privileges.ts";
import { type Account, findUser } from "../system/user.ts";
import { type Entry, entryOf, nameOf } from "./entry-name.ts";
import { MailFile } from "./mail-file.ts";
import { sharedSpool, spoolPlaces } from "./place.ts";

export type Part = "queue" | "undelivered";

/** A mail that this process holds: nobody else sends it until it is closed. */
export interface Claimed {
  readonly entry: Entry;
  readonly file: MailFile;
}

/** How long (ms) the directory may be older on the disk than in memory, behind deliveries. */
const syncDelay = 100;
/** A draft older than this (s) belongs to a process that is gone. */
const draftAge = 86_400;

/**
 * The spool of one user, as the agent and `skitai smtpda` see it. Root acts as that user in it: what root writes where a user may,
 * the user could have made a link to something else. Spec M2, M4.
 */
export class Spool {
  readonly directory: string;
  readonly #owner: number;
  readonly #account: Account | undefined;
  readonly #dirty = new Set<Part>();
  #timer: NodeJS.Timeout | undefined;

  /** @param owner number of the user whose it is */
  constructor(directory: string, owner: number) {
    this.directory = directory;
    this.#owner = owner;
    this.#account = owner === (process.geteuid?.() ?? owner) ? undefined : findUser(String(owner));
  }

  path(part: Part): string {
    return join(this.directory, part);
  }

  /** The names in it, of whatever kind. */
  names(part: Part): OpenDirectory {
    return this.#as(() => openDirectory(this.path(part)));
  }

  /**
   * Takes a mail: opens it, locks it, and sees that it is still under its name.
   * @returns `undefined` when it is gone, `"taken"` when somebody else has it
   * @throws when what has this name is no mail of this user
   */
  claim(part: Part, entry: Entry): Claimed | "taken" | undefined {
    const path = join(this.path(part), nameOf(entry));
    return this.#open(path, (fd) => {
      if (!tryLock(fd, "exclusive")) return "taken";
      const named = this.#as(() => statSync(path, { throwIfNoEntry: false }));
      return named?.ino === fstatSync(fd).ino ? { entry, file: new MailFile(fd) } : undefined;
    });
  }

  /** A look at a mail that takes it from nobody; `taken` when it is being sent. */
  peek(part: Part, entry: Entry): { file: MailFile; taken: boolean } | undefined {
    return this.#open(join(this.path(part), nameOf(entry)), (fd) => {
      const free = tryLock(fd, "shared");
      return { file: new MailFile(fd), taken: !free };
    });
  }

  /** What `use` makes of the file has its descriptor, or it is closed. */
  #open<T extends object>(path: string, use: (fd: number) => T): T | undefined;
  #open<T extends object>(
    path: string,
    use: (fd: number) => T | "taken" | undefined,
  ): T | "taken" | undefined;
  #open<T>(path: string, use: (fd: number) => T): T | undefined {
    const fd = this.#as(() => openIfThere(path));
    if (fd === undefined) return undefined;
    try {
      const { nlink, uid } = fstatSync(fd);
      // Of another user it is a link that root must not follow.
      if (uid !== this.#owner || nlink > 1) throw new Error("belongs to another user");
      const used = use(fd);
      if (typeof used !== "object") closeSync(fd);
      return used;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** It is delivered, or not wanted any more. */
  remove(part: Part, { entry, file }: Claimed): void {
    this.#as(() => unlinkSync(join(this.path(part), nameOf(entry))));
    file.close();
    this.#sync(part);
  }

  /** Gives it another name, and another place with `to`; nothing of it is held any more. */
  move(from: Part, { entry, file }: Claimed, changed: Partial<Entry>, to: Part = from): Entry {
    const next = { ...entry, ...changed };
    this.#as(() => renameSync(join(this.path(from), nameOf(entry)), join(this.path(to), nameOf(next))));
    file.close();
    this.#sync(from);
    if (to !== from) this.#sync(to);
    return next;
  }

  /** Takes what is no mail out of the queue's way. */
  setAside(entry: Entry, now: number): void {
    const name = nameOf({ ...entry, due: now });
    this.#as(() => renameSync(join(this.path("queue"), nameOf(entry)), join(this.path("undelivered"), name)));
  }

  /** Deletes what was undelivered for `keep` seconds, and drafts of processes that are gone. */
  purge(now: number, keep: number): number {
    let purged = 0;
    using names = this.names("undelivered");
    for (const name of names) {
      const entry = entryOf(name);
      if (entry !== undefined && entry.due + keep < now && this.#unlink(join(this.path("undelivered"), name)))
        purged += 1;
    }
    const drafts = join(this.directory, "tmp");
    for (const name of this.#as(() => readdirSync(drafts))) {
      const path = join(drafts, name);
      const found = this.#as(() => lstatSync(path, { throwIfNoEntry: false }));
      if (found !== undefined && found.mtimeMs / 1000 + draftAge < now) this.#unlink(path);
    }
    return purged;
  }

  #unlink(path: string): boolean {
    try {
      this.#as(() => unlinkSync(path));
      return true;
    } catch {
      return false;
    }
  }

  #as<T>(act: () => T): T {
    return this.#account === undefined ? act() : actAs(this.#account, act);
  }

  /** One of a directory is as dear as that of a file: all changes of a moment share it. */
  #sync(part: Part): void {
    this.#dirty.add(part);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const each of this.#dirty) this.#syncNow(each);
      this.#dirty.clear();
    }, syncDelay).unref();
  }

  #syncNow(part: Part): void {
    try {
      const fd = this.#as(() => openSync(this.path(part), "r"));
      fsync(fd, () => closeSync(fd));
    } catch {
      // The spool is gone: the next mail says so.
    }
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The spools that this user's agent serves: its own; for root those of all users of the shared spool. Looked at anew each time. */
export function findSpools(): Spool[] {
  const self = process.geteuid?.() ?? 0;
  const own = spoolPlaces().filter((place) => isSpool(place, self));
  return [...own.map((place) => new Spool(place, self)), ...(self === 0 ? othersSpools() : [])];
}

function othersSpools(): Spool[] {
  // With a spool of its own, this agent is for that one.
  if (process.env["SKITAI_SPOOL"]) return [];
  let names: string[];
  try {
    names = readdirSync(sharedSpool);
  } catch {
    return [];
  }
  return names
    .filter((name) => /^[1-9]\d{0,9}$/.test(name) && isSpool(join(sharedSpool, name), Number(name)))
    .map((name) => new Spool(join(sharedSpool, name), Number(basename(name))));
}

/** No link, and that user's. */
function isSpool(path: string, owner: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isDirectory() || found.uid !== owner) return false;
  return statSync(join(path, "queue"), { throwIfNoEntry: false }) !== undefined;
}
