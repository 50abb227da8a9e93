import { readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { ownPath } from "../../src/static/path.ts";

/** One line of a listing. */
export interface ListedEntry {
  readonly name: string;
  readonly directory: boolean;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

export type Listing =
  /** The same path with a slash behind it. */
  | { readonly kind: "elsewhere" }
  | {
      readonly kind: "listing";
      /** Decoded, ends with a slash. */
      readonly path: string;
      readonly entries: readonly ListedEntry[];
      /** Entries that are not shown. */
      readonly more: number;
    };

/** A page of more is of no use to anybody. */
const most = 10_000;

/**
 * What a directory below `root` shows: nothing hidden, nothing that a link leads to outside. Spec S4.
 * @param root absolute and real
 * @param path percent-encoded
 * @returns `undefined` when there is no such directory, or it may not be seen
 */
export function listingOf(root: string, path: string): Listing | undefined {
  const own = ownPath(path, "deny");
  if (own === undefined) return undefined;
  const directory = realBelow(root, own);
  if (directory === undefined || !statSync(directory).isDirectory()) return undefined;
  if (!own.endsWith("/")) return { kind: "elsewhere" };
  const names = readdirSync(directory).filter(
    (name) => ownPath(`/${encodeURIComponent(name)}`, "deny") !== undefined,
  );
  const entries = names.slice(0, most).flatMap((name) => entryOf(root, own + name, name));
  entries.sort(
    (one, other) => Number(other.directory) - Number(one.directory) || one.name.localeCompare(other.name),
  );
  return { kind: "listing", path: own, entries, more: Math.max(names.length - most, 0) };
}

function entryOf(root: string, own: string, name: string): ListedEntry[] {
  const real = realBelow(root, own);
  const found = real === undefined ? undefined : statSync(real, { throwIfNoEntry: false });
  if (found === undefined || !(found.isDirectory() || found.isFile())) return [];
  return [{ name, directory: found.isDirectory(), bytes: found.size, modified: found.mtimeMs }];
}

function realBelow(root: string, own: string): string | undefined {
  try {
    const real = realpathSync(join(root, own));
    return real === root || real.startsWith(root === "/" ? "/" : `${root}/`) ? real : undefined;
  } catch {
    return undefined;
  }
}
