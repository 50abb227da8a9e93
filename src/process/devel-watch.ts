import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";

interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: number;
}

/**
 * Watches directories, not files: editors and git put new files in the place of old ones, which a watched file would not
 * outlive. Costs nothing while nothing happens.
 */
export class DirectoryWatch {
  readonly #watched = new Map<string, Watched>();
  readonly #happened: (path: string | undefined) => void;
  readonly #failed: (reason: string) => void;

  /**
   * @param happened told the path of what changed in some way; `undefined` when the kernel does not say which it was
   * @param failed told why a directory cannot be watched
   */
  constructor(happened: (path: string | undefined) => void, failed: (reason: string) => void) {
    this.#happened = happened;
    this.#failed = failed;
  }

  has(directory: string): boolean {
    return this.#watched.has(directory);
  }

  /**
   * These and no others, from now on.
   * @returns whether one is watched that was not before: what happened in it until now was not seen
   */
  set(directories: ReadonlySet<string>): boolean {
    for (const directory of this.#watched.keys()) if (!directories.has(directory)) this.#close(directory);
    let added = false;
    for (const directory of directories) added = this.#ensure(directory) || added;
    return added;
  }

  /** A directory that was moved away, or made anew, has the name of the one that is watched and is another. */
  #ensure(directory: string): boolean {
    const inode = statSync(directory, { throwIfNoEntry: false })?.ino;
    if (this.#watched.get(directory)?.inode === inode) return false;
    this.#close(directory);
    if (inode === undefined) return false;
    try {
      const watcher = watch(directory, { persistent: false }, (_, name) =>
        this.#happened(name === null ? undefined : join(directory, name)),
      );
      watcher.on("error", () => this.#happened(undefined));
      this.#watched.set(directory, { watcher, inode });
    } catch (error) {
      this.#failed(`${directory} cannot be watched: ${(error as Error).message}`);
    }
    return this.#watched.has(directory);
  }

  #close(directory: string): void {
    this.#watched.get(directory)?.watcher.close();
    this.#watched.delete(directory);
  }
}
