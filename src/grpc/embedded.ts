import { isAbsolute, relative } from "node:path";
import type { INamespace } from "protobufjs";
import { abspath, getswd } from "../config/paths.ts";

/** What decides how the fields of a file are called. */
interface Naming {
  readonly keepCase?: boolean;
}

const contents = new Map<string, string>();

/**
 * Called by the code that `skitai build` puts in front of the script. Spec Y2.
 * @param json of the file and its imports, see `protoJson`
 */
export function embedProto(key: string, json: string): void {
  contents.set(key, json);
}

/** What a .proto file is embedded under: its place seen from the script, the same wherever the executable is put. */
export const protoKeys = (file: string, { keepCase = false }: Naming): string[] =>
  [relative(getswd(), abspath(file)), ...(isAbsolute(file) ? [file] : [])].map(
    (key) => key + (keepCase ? " as it is" : ""),
  );

/** What is embedded for a file; `undefined` under `bun serve.ts`, and for what stayed on disk. */
export function findProto(file: string, naming: Naming): INamespace | undefined {
  if (contents.size === 0) return undefined;
  const found = protoKeys(file, naming).find((key) => contents.has(key));
  return found === undefined ? undefined : (JSON.parse(contents.get(found)!) as INamespace);
}
