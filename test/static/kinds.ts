import { statSync } from "node:fs";
import { FileMemory, openDirectory, openEmbedded } from "../../src/static/directory.ts";
import type { Directory, DirectoryOptions, EmbeddedFile } from "../../src/static/directory.ts";
import { optionsWith, temporary, writeFiles, WRITTEN } from "./served.ts";

export const TEN = "0123456789";
export const TEXT = "body { color: red }\n".repeat(200);
export const BIG = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
export const FILES: Record<string, string | Uint8Array> = {
  "/ten.txt": TEN,
  "/site.css": TEXT,
  "/empty.txt": "",
  "/big.bin": BIG,
  "/index.html": "<h1>home</h1>",
  "/docs/index.htm": "<h1>docs</h1>",
  "/bare/file.txt": "bare",
  "/logo.png": new Uint8Array(3000),
  "/noise.txt": crypto.getRandomValues(new Uint8Array(3000)),
  "/built.js": "console.log(1);".repeat(100),
  "/built.js.br": "sibling br",
  "/built.js.gz": "sibling gz",
  "/heavy.bin": new Uint8Array(10),
  "/heavy.bin.br": BIG,
  "/.env": "SECRET",
  "/.well-known/security.txt": "contact",
  "/.well-known/.env": "SECRET",
};

export type Open = (options?: Partial<DirectoryOptions>) => Directory;

const MEMORY = { maxFile: 100_000 };

export interface Fixture {
  /** What every kind of directory must do the same: the contract suites run on each. */
  readonly kinds: Record<string, Open>;
  remove(): void;
}

/** The files on disk, and as if embedded: those are read by path too, so any path will do for one. */
export function writeFixture(): Fixture {
  const root = temporary();
  writeFiles(root.path, FILES);
  const embedded = new Map(Object.keys(FILES).map((path, i) => [path, embed(root.path + path, `e${i}`)]));
  const disk: Open = (options) =>
    openDirectory(root.path, optionsWith({ memory: new FileMemory(MEMORY), ...options }));
  return {
    kinds: {
      disk,
      "disk, kept a second": (options) => disk({ revalidate: 1, ...options }),
      "disk, no memory": (options) => disk({ memory: new FileMemory({ maxBytes: 0 }), ...options }),
      embedded: (options) =>
        openEmbedded(embedded, optionsWith({ memory: new FileMemory(MEMORY), ...options })),
    },
    remove: () => root[Symbol.dispose](),
  };
}

const embed = (path: string, etag: string): EmbeddedFile => ({
  path,
  size: statSync(path).size,
  mtime: WRITTEN.getTime(),
  etag,
});

export const GMT = WRITTEN.toUTCString();
