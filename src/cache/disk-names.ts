import { join } from "node:path";

/** Files of one URL at most: answers that vary share these by a hash of what selects them. */
const slots = 64;
/** Directories below the top: files spread evenly, so each is a sample of all. */
export const shards: readonly string[] = Array.from({ length: 256 }, (_, index) =>
  index.toString(16).padStart(2, "0"),
);

const digest = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");

/** Where the store of this format is below the directory that was named. */
export const treeOf = (path: string): string => join(path, "v1");

/** The file of a URL: its one answer, or by what its answers vary. */
export function fileOf(tree: string, key: string): string {
  const hash = digest(key);
  return join(tree, hash.slice(0, 2), hash.slice(2, 42));
}

/** The file of one of a URL's answers. */
export const variantFile = (base: string, names: readonly string[], selection: string): string =>
  `${base}-${parseInt(digest(`${names.join()}\n${selection}`).slice(0, 8), 16) % slots}`;

/** Of the names that `fileOf` and `variantFile` give. */
export const isEntryName = (name: string): boolean => /^[\da-f]{40}(?:-\d{1,2})?$/.test(name);

/** Bytes of disk that a file of so many takes: whole blocks. */
export const blocksOf = (bytes: number): number => Math.ceil(bytes / 4096) * 4096;
