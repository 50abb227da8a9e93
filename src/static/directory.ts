import { answer, notAcceptable } from "./answer.ts";
import { DiskSource } from "./disk.ts";
import { EmbeddedSource } from "./embedded.ts";
import type { EmbeddedFile } from "./embedded.ts";
import { Entry } from "./entry.ts";
import type { Home } from "./entry.ts";
import type { FileMemory } from "./file-memory.ts";
import { ownPath } from "./path.ts";
import type { DotFiles } from "./path.ts";
import { Representation } from "./representation.ts";
import { siblingsOf } from "./siblings.ts";
import type { Source } from "./source.ts";

export { FileMemory } from "./file-memory.ts";
export type { FileMemoryOptions } from "./file-memory.ts";
export type { EmbeddedFile } from "./embedded.ts";

/** How a directory is served; all of it is decided by the caller. */
export interface DirectoryOptions {
  /** Seconds for a path below the site (own path with the mount point in front); `undefined` or 0: no caching headers. */
  readonly maxAge: (publicPath: string) => number | undefined;
  /** `""` or `/assets`: in front of redirects and of what `maxAge` is asked. */
  readonly mountPoint: string;
  /** Shared by all directories of a worker. */
  readonly memory: FileMemory;
  /** `deny` takes names with a leading dot for missing, but for `/.well-known/`. */
  readonly dotFiles: DotFiles;
  /** Whether to compress on the fly. Precompressed siblings are used in any case. */
  readonly compression: boolean;
  /** Seconds between looks at the disk for one file: 1 in production, 0 in development. */
  readonly revalidate: number;
}

/** A directory as static files. Paths are percent-encoded own paths that start with `/`, without a query. */
export interface Directory {
  /** Answers GET and HEAD. `search` (`""` or `?…`) is kept on redirects. `undefined`: no such file here. */
  respond(path: string, search: string, request: Request): Response | Promise<Response> | undefined;
  /** Whether there is something at `path`: for 405 on other methods. */
  has(path: string): boolean;
  /** Gives its share of the memory and its descriptors back. */
  close(): void;
}

/** @throws SkitaiError MOUNT_INVALID when `root` is not a directory. */
export const openDirectory = (root: string, options: DirectoryOptions): Directory =>
  new StaticDirectory(new DiskSource(root), options);

/** Files of a compiled executable by own path: `/css/a.css`. */
export const openEmbedded = (
  files: ReadonlyMap<string, EmbeddedFile>,
  options: DirectoryOptions,
): Directory => new StaticDirectory(new EmbeddedSource(files), options);

const INDEX = ["index.html", "index.htm"];

type Found = Entry | "directory" | undefined;

class StaticDirectory implements Directory, Home {
  readonly source: Source;
  readonly memory: FileMemory;
  readonly compression: boolean;
  readonly #options: DirectoryOptions;
  readonly #freshFor: number;
  /** By decoded own path: encodings of one name share one entry. What is not there is not kept. */
  readonly #entries = new Map<string, Entry>();

  constructor(source: Source, options: DirectoryOptions) {
    this.source = source;
    this.memory = options.memory;
    this.compression = options.compression;
    this.#options = options;
    this.#freshFor = options.revalidate * 1000;
  }

  respond(path: string, search: string, request: Request): Response | Promise<Response> | undefined {
    const found = this.#locate(path);
    if (found === undefined) return undefined;
    if (found === "directory") return this.#redirect(path, search);
    const representation = found.select(request.headers);
    if (representation instanceof Representation) return answer(representation, request);
    return representation?.then((coded) => answer(coded, request)) ?? notAcceptable();
  }

  has(path: string): boolean {
    const found = this.#locate(path);
    return found === "directory" ? this.#locate(`${path}/`) !== undefined : found !== undefined;
  }

  close(): void {
    for (const entry of this.#entries.values()) this.#drop(entry);
  }

  maxAge(path: string): number | undefined {
    return this.#options.maxAge(this.#options.mountPoint + path);
  }

  forget(entry: Entry): void {
    if (this.#entries.get(entry.path) === entry) this.#entries.delete(entry.path);
  }

  #locate(path: string): Found {
    if (!path.includes("%")) {
      const fresh = this.#fresh(path);
      if (fresh !== undefined) return fresh;
    }
    const own = ownPath(path, this.#options.dotFiles);
    if (own === undefined) return undefined;
    if (!own.endsWith("/")) return this.#fresh(own) ?? this.#look(own);
    for (const name of INDEX) {
      const found = this.#fresh(own + name) ?? this.#look(own + name);
      if (found instanceof Entry) return found;
    }
    return undefined;
  }

  /** The hot path: a file looked at less than `revalidate` seconds ago. */
  #fresh(path: string): Entry | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined || performance.now() >= entry.freshUntil) return undefined;
    entry.used = true;
    return entry;
  }

  #look(path: string): Found {
    const stamp = this.source.stat(path);
    const known = this.#entries.get(path);
    if (typeof stamp !== "object") {
      if (known !== undefined) this.#drop(known);
      return stamp;
    }
    const siblings = siblingsOf(this.source, path, stamp);
    if (known?.matches({ stamp, siblings }) === true) {
      known.refresh();
      return this.#freshen(known);
    }
    if (known !== undefined) this.#drop(known);
    const content = this.source.open(path, this.memory.maxFile);
    return content && this.#add(new Entry(this, path, content, siblings));
  }

  #add(entry: Entry): Entry {
    this.#entries.set(entry.path, entry);
    this.memory.add(entry, entry.weight);
    return this.#freshen(entry);
  }

  #freshen(entry: Entry): Entry {
    entry.freshUntil = performance.now() + this.#freshFor;
    entry.used = true;
    return entry;
  }

  #drop(entry: Entry): void {
    this.memory.remove(entry);
    this.forget(entry);
    entry.release();
  }

  /** A directory without its slash (RFC 9110 §15.4.2), when there is an index to be shown. */
  #redirect(path: string, search: string): Response | undefined {
    if (!(this.#locate(`${path}/`) instanceof Entry)) return undefined;
    // `path` starts with one slash, ownPath saw to that: never the `//host` of another site.
    return new Response(null, {
      status: 301,
      headers: { location: `${this.#options.mountPoint}${path}/${search}` },
    });
  }
}
