import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { moduleFile } from "../mounts/module-file.ts";

/** What files import, as far as their text tells. */
export interface ImportGraph {
  readonly files: ReadonlySet<string>;
  /** Names that have no file: paths, endings may be missing. */
  readonly missing: ReadonlySet<string>;
}

/** The engine's own sources. */
const engine = `${dirname(import.meta.dir)}/`;

/** Whether a file is of who writes the service: not installed, not of the engine, not within an executable. */
export const isOwnFile = (file: string): boolean =>
  file.startsWith("/") &&
  !file.includes("/node_modules/") &&
  !file.startsWith("/$bunfs/") &&
  !file.startsWith(engine);

/** More than people write; a generated tree is not worth the time. */
const most = 5000;
const source = /\.[cm]?[jt]sx?$/;
const specifiers = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(["'])([^"'\n]+)\1/g;

/**
 * Follows imports from `roots` without loading anything: a file with a syntax error has imports too, and a version that
 * does not load cannot say what it is made of. What lies in `node_modules` is not followed.
 */
export function importsOf(roots: Iterable<string>): ImportGraph {
  const files = new Set<string>();
  const missing = new Set<string>();
  const open = [...roots];
  for (let file = open.pop(); file !== undefined && files.size < most; file = open.pop()) {
    if (files.has(file) || !isOwnFile(file) || !existsSync(file)) continue;
    files.add(file);
    if (!source.test(file)) continue;
    for (const [, , specifier] of readFileSync(file, "utf8").matchAll(specifiers)) {
      const found = resolved(specifier!, file);
      if (found.file !== undefined) open.push(found.file);
      for (const stem of found.missing ?? []) missing.add(stem);
    }
  }
  return { files, missing };
}

interface Resolved {
  readonly file?: string | undefined;
  readonly missing?: readonly string[];
}

function resolved(specifier: string, from: string): Resolved {
  if (isBuiltin(specifier) || /^(bun|node|data|https?):/.test(specifier)) return {};
  const directory = dirname(from);
  if (/^\.{0,2}\//.test(specifier)) {
    const stem = resolve(directory, specifier);
    const file = moduleFile(stem) ?? moduleFile(stem.replace(/\.[cm]?jsx?$/, ""));
    return file === undefined ? { missing: [stem] } : { file: realpathSync(file) };
  }
  try {
    return { file: Bun.resolveSync(specifier, directory) };
  } catch {
    return { missing: packagePlaces(specifier, directory) };
  }
}

/** Where an installed package would be, if it were. */
function packagePlaces(specifier: string, directory: string): string[] {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const above = dirname(directory);
  const here = existsSync(join(directory, "node_modules")) ? [join(directory, "node_modules", name)] : [];
  return above === directory ? here : [...here, ...packagePlaces(specifier, above)];
}
