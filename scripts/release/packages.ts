import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";

interface Manifest {
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (directory: string): Manifest =>
  JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;

/** What runs; types, maps and documents stay out. */
const runs = /\.(?:[cm]?js|json|proto|wasm)$/;

/**
 * The engine and all that it depends on, as `npm install skitai` would put them: file contents by path below `node_modules`.
 * @param root the repository
 */
export function packagesOf(root: string): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  const add = (directory: string, names: readonly string[], place: string): void => {
    for (const name of names) files[join(place, name)] = readFileSync(join(directory, name));
  };
  const own = ["package.json", "LICENSE", ...below(root, ["src", "cli"], /\.tsx?$/)];
  add(root, own, engine);
  Object.assign(files, withoutExports(root));
  for (const directory of dependenciesOf(root)) {
    const names = below(directory, [""], runs).filter((name) => !name.includes("node_modules/"));
    add(directory, [...names, ...licences(directory)], relative(root, directory));
  }
  return files;
}

const engine = "node_modules/skitai";

/** Bun reads no `exports` of packages that it finds by NODE_PATH: the same names by other means. */
const withoutExports = (root: string): Record<string, Uint8Array> => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  return {
    [`${engine}/package.json`]: text(JSON.stringify({ ...manifestOf(root), main: "./src/index.ts" })),
    [`${engine}/testing.ts`]: text('export * from "./src/testing/index.ts";\n'),
  };
};

/** Sorted: the same sources make the same archive. */
const below = (directory: string, starts: readonly string[], wanted: RegExp): string[] =>
  starts
    .flatMap((start) =>
      readdirSync(join(directory, start), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && wanted.test(entry.name))
        .map(({ parentPath, name }) => relative(directory, join(parentPath, name))),
    )
    .sort();

const licences = (directory: string): string[] =>
  readdirSync(directory).filter((name) => /^(?:licen[cs]e|notice)/i.test(name));

/** Their directories, nested ones too. */
function dependenciesOf(root: string): string[] {
  const found = new Set<string>();
  const visit = (directory: string): void => {
    const { dependencies, optionalDependencies } = manifestOf(directory);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(name, directory);
      if (place === undefined || found.has(place)) continue;
      found.add(place);
      visit(place);
    }
  };
  visit(root);
  return [...found].sort();
}

function placeOf(name: string, from: string): string | undefined {
  const place = join(from, "node_modules", name);
  if (existsSync(join(place, "package.json"))) return place;
  return dirname(from) === from ? undefined : placeOf(name, dirname(from));
}
