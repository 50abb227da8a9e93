import { readFileSync } from "node:fs";
import { memoryContent } from "./source.ts";
import type { Content, Source, Stamp } from "./source.ts";

/** A file inside a compiled executable. */
export interface EmbeddedFile {
  /** Where Bun finds it: `/$bunfs/…`. */
  readonly path: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly mtime: number;
  /** Opaque, without quotes. */
  readonly etag: string;
}

/** Files that were put into the executable, by own path. They never change. Spec Y2. */
export class EmbeddedSource implements Source {
  readonly #files: ReadonlyMap<string, EmbeddedFile>;
  readonly #directories = new Set<string>();

  constructor(files: ReadonlyMap<string, EmbeddedFile>) {
    this.#files = files;
    for (const path of files.keys()) {
      for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
        this.#directories.add(path.slice(0, slash));
      }
    }
  }

  stat(path: string): Stamp | "directory" | undefined {
    const file = this.#files.get(path);
    if (file !== undefined) return stampOf(file);
    return this.#directories.has(path) ? "directory" : undefined;
  }

  open(path: string, maxFile: number): Content | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    if (file.size <= maxFile) return memoryContent(stampOf(file), new Blob([readFileSync(file.path)]));
    const body = Bun.file(file.path).slice(0, file.size);
    const hold = { blob: body, unchanged: () => true, release() {} };
    return { stamp: stampOf(file), body, inMemory: false, hold: () => hold, release() {} };
  }
}

const stampOf = ({ etag, size, mtime }: EmbeddedFile): Stamp => ({ tag: etag, size, mtime });
