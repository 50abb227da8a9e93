import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { SkitaiError } from "../../src/errors.ts";
import { type DotFiles, ownPath } from "../../src/static/path.ts";

/** A file to put into an executable. */
export interface FoundFile {
  /** What it is asked for by: `/css/a.css`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly mtime: number;
  /** Of its content alone: the same file is the same in every build. */
  readonly etag: string;
}

/**
 * Every file that a static directory would serve from disk: no hidden names unless they are allowed, symlinks as far as
 * they stay inside. Spec S4, Y2.
 * @throws SkitaiError BUILD_FAILED when one cannot be read
 */
export function filesBelow(root: string, dotFiles: DotFiles): FoundFile[] {
  const realRoot = realpathSync(root);
  const isInside = (real: string): boolean => real.startsWith(realRoot === "/" ? "/" : `${realRoot}/`);
  const walk = (real: string, own: string, above: readonly string[]): FoundFile[] =>
    readdirSync(real).flatMap((name) => {
      const path = `${own}/${name}`;
      if (!isServed(path, dotFiles)) return [];
      const target = realPathOf(root + path);
      // A link that leads up again would never end.
      if (target === undefined || !isInside(target) || above.includes(target)) return [];
      const found = statSync(target);
      if (found.isDirectory()) return walk(target, path, [...above, target]);
      return found.isFile() ? [read(target, path, found.mtimeMs)] : [];
    });
  return walk(realRoot, "", [realRoot]);
}

/** Whether a request can name it: asked in the words of a request. */
const isServed = (path: string, dotFiles: DotFiles): boolean =>
  ownPath(path.split("/").map(encodeURIComponent).join("/"), dotFiles) === path;

/** `undefined` for a link that leads nowhere. */
function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function read(file: string, path: string, mtime: number): FoundFile {
  try {
    const bytes = readFileSync(file);
    const etag = new Bun.CryptoHasher("sha256").update(bytes).digest("base64url").slice(0, 22);
    return { path, bytes, mtime, etag };
  } catch (cause) {
    throw new SkitaiError("BUILD_FAILED", { name: file, accepted: (cause as Error).message, cause });
  }
}
