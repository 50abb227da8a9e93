import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";

/** The logs and how long one file of each is written to. Reference: request and app daily, server monthly. */
const kinds = [
  { kind: "request", period: "day" },
  { kind: "app", period: "day" },
  { kind: "server", period: "month" },
] as const;

type Kind = (typeof kinds)[number]["kind"];
type Period = (typeof kinds)[number]["period"];

export interface RotationOptions {
  readonly directory: string;
  /** Bytes that a file may have before it is rotated; 0 for any. */
  readonly maxSize: number;
  /** Rotated files of each kind that are kept. */
  readonly keep: number;
  /** Acts as the user whose the files are, when that is not this process's. */
  readonly as?: (act: () => boolean) => boolean;
  /** Has every process open its files anew. */
  readonly reopen: () => void;
  /** Told what could not be rotated. */
  readonly failed: (error: Error) => void;
}

/** What was last seen of a file. */
interface Seen {
  readonly inode: number;
  /** Day of the lines that are in it, `YYYYMMDD`. */
  readonly day: string;
}

/** Milliseconds between two looks at sizes, and at the clock. */
const sizeLook = 1000;
const clockLook = 60_000;

/**
 * Renames full or old log files of one directory to `<kind>-YYYYMMDD.log`, the day of what is in them, or
 * `-YYYYMMDD-HHMMSS` if that is taken, and removes the oldest. Done by one process of a service: writers keep what they
 * have open until `reopen`, so no line is lost, and nothing is ever copied or cut. Spec L2.
 *
 * A clock or timezone that goes back rotates nothing; files that somebody else has rotated are left alone.
 */
export class Rotation {
  readonly #options: RotationOptions;
  readonly #seen = new Map<Kind, Seen>();
  #said = "";

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  /** Looks now, and then at every midnight; with `maxSize` once a second. Does not keep the process alive. */
  start(): void {
    this.check();
    const now = Date.now();
    const midnight = new Date(now).setHours(24, 0, 0, 0) - now;
    const pause = Math.min(this.#options.maxSize > 0 ? sizeLook : clockLook, midnight);
    setTimeout(() => this.start(), Math.max(pause, 1)).unref();
  }

  /** Rotates what is due at `now`. Never throws: a full disk or a missing right must not end the service. */
  check(now = new Date()): void {
    const rotated = kinds.filter(({ kind, period }) =>
      this.#attempt(kind, () => this.#look(kind, period, now)),
    );
    if (rotated.length === 0) return;
    this.#options.reopen();
    for (const { kind } of rotated) this.#attempt(kind, () => this.#prune(kind));
  }

  #attempt(kind: Kind, act: () => boolean): boolean {
    try {
      return this.#options.as ? this.#options.as(act) : act();
    } catch (cause) {
      const error = new Error(`${kind}.log is not rotated: ${(cause as Error).message}`, { cause });
      // Once, not at every look.
      if (error.message !== this.#said) this.#options.failed(error);
      this.#said = error.message;
      return false;
    }
  }

  #look(kind: Kind, period: Period, now: Date): boolean {
    const path = join(this.#options.directory, `${kind}.log`);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    const today = dayOf(now);
    const seen = this.#seen.get(kind);
    // First seen: from an earlier run, or made by whoever else rotates here.
    const day = seen?.inode === stat.ino ? seen.day : dayOf(stat.mtime);
    const full = this.#options.maxSize > 0 && stat.size >= this.#options.maxSize;
    const due = stat.size > 0 && (full || periodOf(day, period) < periodOf(today, period));
    if (!due || !this.#rotate(path, stat, day, now)) {
      // A full name waits for the next second; everything else starts anew with the day.
      this.#seen.set(kind, { inode: stat.ino, day: due ? day : today });
      return false;
    }
    this.#seen.set(kind, { inode: statSync(path).ino, day: today });
    return true;
  }

  #rotate(path: string, stat: Stats, day: string, now: Date): boolean {
    const stem = path.slice(0, -".log".length);
    const today = dayOf(now);
    // The last second of a day that is over sorts behind what was rotated in it.
    const names = [day, `${day}-${day === today ? timeOf(now) : "235959"}`, `${today}-${timeOf(now)}`];
    const free = names.map((name) => `${stem}-${name}.log`).find((name) => !existsSync(name));
    if (free === undefined) return false;
    renameSync(path, free);
    replace(path, stat);
    return true;
  }

  #prune(kind: Kind): boolean {
    const { directory, keep } = this.#options;
    const pattern = new RegExp(`^${kind}-(\\d{8})(?:-(\\d{6}))?\\.log$`);
    const rotated = readdirSync(directory)
      .map((name) => ({ name, match: pattern.exec(name) }))
      .filter(({ match }) => match !== null)
      // The first of a day has no time.
      .map(({ name, match }) => ({ name, age: `${match![1]}${match![2] ?? ""}` }))
      .sort((a, b) => (a.age < b.age ? -1 : 1));
    for (const { name } of rotated.slice(0, Math.max(rotated.length - keep, 0)))
      unlinkSync(join(directory, name));
    return true;
  }
}

/** A new empty file for all: workers that are not root could not open one that root made for itself. */
function replace(path: string, { mode, uid, gid }: Stats): void {
  closeSync(openSync(path, "a", mode & 0o777));
  if (process.geteuid?.() === 0) chownSync(path, uid, gid);
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `YYYYMMDD`, local time. */
const dayOf = (date: Date): string =>
  `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
const timeOf = (date: Date): string =>
  `${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
const periodOf = (day: string, period: Period): string => (period === "day" ? day : day.slice(0, 6));
