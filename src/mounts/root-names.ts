import { readdirSync, statSync } from "node:fs";

/** Milliseconds: on coarse clocks (FAT: 2 s) another change within them may leave the same mtime. */
const settling = 2000;
/** Milliseconds after which names are read anyway: some network file systems do not keep the mtime of directories. */
const trusted = 30_000;

/**
 * The names in a directory, to turn away paths that cannot be in it without asking the disk for each: 80 ns for
 * `/pets/45`, against 2-3 µs of a stat that finds nothing. Looked after once in `revalidate` seconds, as files are.
 */
export class RootNames {
  readonly #root: string;
  readonly #freshFor: number;
  readonly #most: number;
  #names: ReadonlySet<string> | undefined;
  #hasIndex = true;
  #version = "";
  #readAt = -Infinity;
  #freshUntil = -Infinity;

  /**
   * @param revalidate seconds, more than 0
   * @param most a directory with more names is left alone: reading it takes longer than it saves
   */
  constructor(root: string, revalidate: number, most = 4096) {
    this.#root = root;
    this.#freshFor = revalidate * 1000;
    this.#most = most;
  }

  /** False when there is nothing at the encoded own path `path` (`/css/a.css`). True may be wrong. */
  mayHave(path: string): boolean {
    if (performance.now() >= this.#freshUntil) this.#look();
    if (this.#names === undefined) return true;
    const slash = path.indexOf("/", 1);
    const name = slash < 0 ? path.slice(1) : path.slice(1, slash);
    if (name === "") return this.#hasIndex || path.length > 1;
    return this.#names.has(name) || name.includes("%");
  }

  #look(): void {
    const now = performance.now();
    this.#freshUntil = now + this.#freshFor;
    try {
      const { ino, dev, mtimeMs, mtimeNs } = statSync(this.#root, { bigint: true });
      const version = `${dev}/${ino}/${mtimeNs}`;
      if (version === this.#version && now - this.#readAt < trusted) return;
      this.#read(now);
      this.#version = Math.abs(Date.now() - Number(mtimeMs)) > settling ? version : "";
    } catch {
      // Unreadable or gone: only the files themselves can tell.
      this.#names = undefined;
      this.#version = "";
    }
  }

  #read(now: number): void {
    const names = readdirSync(this.#root);
    this.#readAt = now;
    if (names.length > this.#most) this.#freshUntil = Infinity;
    this.#names = names.length > this.#most ? undefined : new Set(names);
    this.#hasIndex = names.includes("index.html") || names.includes("index.htm");
  }
}
