import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { moduleFile } from "../mounts/module-file.ts";

/** A file as it was when a version of the service was loaded from it. */
interface Print {
  readonly inode: number;
  readonly size: number;
  readonly modified: number;
  /** Of what is in it; `undefined` when there is no such file. */
  readonly contents: number | bigint | undefined;
}

const absent: Print = { inode: 0, size: 0, modified: 0, contents: undefined };

/** The files that a service is made of, and whether they are still what was loaded. Spec O4. */
export class LoadedFiles {
  readonly #files = new Map<string, Print>();
  /** What is imported or mounted by a name that may get a file, with the file it has. */
  readonly #wanted = new Map<string, string>();
  /** Known to have been written after they were loaded. */
  readonly #outdated = new Set<string>();

  /** Those there are, with the files of what is mounted by name. */
  sources(): string[] {
    return [...this.#files.keys(), ...[...this.#wanted.keys()].map(foundFor)].filter(existsSync);
  }

  /**
   * @param loaded milliseconds since the epoch, before which none of them was read
   * @returns whether one may have been read before it was written last
   */
  add(files: Iterable<string>, loaded: number): boolean {
    const known = this.#outdated.size;
    for (const file of files) {
      if (this.#files.has(file)) continue;
      this.#files.set(file, printOf(file));
      if ((statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? 0) > loaded) this.#outdated.add(file);
    }
    return this.#outdated.size > known;
  }

  /** @param stems paths without their endings, or with */
  want(stems: Iterable<string>): void {
    for (const stem of stems) if (!this.#wanted.has(stem)) this.#wanted.set(stem, foundFor(stem));
  }

  keep(files: ReadonlySet<string>, stems: ReadonlySet<string>): void {
    for (const file of this.#files.keys()) if (!files.has(file)) this.#files.delete(file);
    for (const stem of this.#wanted.keys()) if (!stems.has(stem)) this.#wanted.delete(stem);
  }

  /** Whether something that happened to `path` may be a change. */
  concerns(path: string): boolean {
    if (this.#files.has(path)) return true;
    for (const stem of this.#wanted.keys())
      if (path.startsWith(stem) || stem.startsWith(`${path}/`)) return true;
    return false;
  }

  /** What is not any more as it was loaded; a touched file with the same contents is. */
  changed(): string[] {
    const found = [...this.#files].filter(([file, before]) => {
      const now = printOf(file, before);
      if (now.contents !== before.contents) return true;
      this.#files.set(file, now);
      return false;
    });
    // What disappears is no change: tools empty their output before they fill it.
    const appeared = [...this.#wanted].filter(([stem, before]) => !["", before].includes(foundFor(stem)));
    return [...new Set([...found, ...appeared].map(([path]) => path).concat(...this.#outdated))];
  }

  /** A version is about to be loaded: what is there now is what it will be made of. */
  settle(): void {
    this.#outdated.clear();
    for (const [file, before] of this.#files) this.#files.set(file, printOf(file, before));
    for (const stem of this.#wanted.keys()) this.#wanted.set(stem, foundFor(stem));
  }

  /** Files that were not empty and are: an editor that truncates first has not written yet. */
  emptied(): boolean {
    return [...this.#files].some(([file, { size }]) => size > 0 && statSync(file, quiet)?.size === 0);
  }

  /** Where changes show: the directories of all, and those above them up to `root`, for a directory can be renamed too. */
  directories(root: string): Set<string> {
    const directories = new Set<string>();
    for (const path of [...this.#files.keys(), ...this.#wanted.keys()]) {
      let directory = dirname(path);
      if (directory !== root && !directory.startsWith(`${root}/`)) directories.add(dirname(directory));
      for (; directory.startsWith(`${root}/`); directory = dirname(directory)) directories.add(directory);
      directories.add(directory);
    }
    return new Set([...directories].map(nearest));
  }
}

const quiet = { throwIfNoEntry: false } as const;

/** @param before spares reading what cannot have changed */
function printOf(file: string, before?: Print): Print {
  const stat = statSync(file, quiet);
  if (stat === undefined || !stat.isFile()) return absent;
  const { ino: inode, size, mtimeMs: modified } = stat;
  if (before?.inode === inode && before.size === size && before.modified === modified) return before;
  try {
    return { inode, size, modified, contents: Bun.hash(readFileSync(file)) };
  } catch {
    return absent;
  }
}

/** `./a.js` may be said of `a.ts`. */
const foundFor = (stem: string): string =>
  moduleFile(stem) ?? moduleFile(stem.replace(/\.[cm]?jsx?$/, "")) ?? (existsSync(stem) ? stem : "");

function nearest(directory: string): string {
  const above = dirname(directory);
  return existsSync(directory) || above === directory ? directory : nearest(above);
}
