import type { PlannedProto } from "../../src/process/plan.ts";
import type { FoundFile } from "./files.ts";

/** Directory of the files that exist in the bundler's memory only. */
const virtualRoot = "/$skitai";

/** The module that fills the engine with what is inside. */
export const embeddingPath = `${virtualRoot}/embedding.ts`;

/**
 * What a file is called for the bundler: by content, because a real name may not survive a module specifier, may mean
 * something to the bundler (`tsconfig.json`), and is needed once only when several files are equal.
 */
export const virtualFile = ({ etag }: FoundFile): string => `${virtualRoot}/${etag}`;

interface Keyed {
  readonly keys: readonly string[];
}

/**
 * The code of that module. Modules are literal lazy imports, so that the bundler takes them in and only a process that
 * serves loads them; maps of files are made when a mount is opened, which a master never does.
 * @param engine directory of the engine's sources
 */
export function embeddingCode(
  engine: string,
  modules: readonly (Keyed & { readonly path: string })[],
  directories: readonly (Keyed & { readonly files: readonly FoundFile[] })[],
  protos: readonly PlannedProto[],
): string {
  const names = new Map<string, string>();
  for (const file of directories.flatMap(({ files }) => files))
    if (!names.has(file.etag)) names.set(file.etag, `file${names.size}`);
  const entry = ({ path, bytes, mtime, etag }: FoundFile): string =>
    `[${JSON.stringify(path)}, { path: ${names.get(etag)}, size: ${bytes.length}, mtime: ${mtime}, etag: "${etag}" }]`;
  return [
    `import { embed } from ${JSON.stringify(`${engine}/mounts/embedded.ts`)};`,
    `import { embedProto } from ${JSON.stringify(`${engine}/grpc/embedded.ts`)};`,
    ...[...names].map(
      ([etag, name]) => `import ${name} from "${virtualRoot}/${etag}" with { type: "file" };`,
    ),
    ...modules.flatMap((module) =>
      calls(module, `load: () => import(${JSON.stringify(module.path)})`, "module"),
    ),
    ...directories.flatMap((directory) =>
      calls(
        directory,
        `get files() { return new Map([${directory.files.map(entry).join(",\n")}]); }`,
        "directory",
      ),
    ),
    ...protos.flatMap(({ keys, json }) =>
      keys.map((key) => `embedProto(${JSON.stringify(key)}, ${JSON.stringify(json)});`),
    ),
  ].join("\n");
}

const calls = ({ keys }: Keyed, member: string, kind: "module" | "directory"): string[] =>
  keys.map((key) => `embed(${JSON.stringify(key)}, { kind: "${kind}", ${member} });`);
