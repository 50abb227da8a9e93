import { existsSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { SkitaiError } from "../src/errors.ts";

/** What `skitai serve` was given. Absolute. */
export interface Target {
  readonly kind: "script" | "directory";
  readonly path: string;
}

const scriptName = /\.[cm]?[jt]sx?$/;

/**
 * Whether a path is a directory of files, or a script.
 * @throws SkitaiError OPTION_INVALID when it is neither
 */
export function readTarget(text: string): Target {
  const path = resolve(text);
  const found = existsSync(path) ? statSync(path) : undefined;
  if (found?.isDirectory()) return { kind: "directory", path: realpathSync(path) };
  // Not its real path: where a link to a script lies is where the service works, as under bun.
  if (found?.isFile() && scriptName.test(path)) return { kind: "script", path };
  const accepted =
    found === undefined ? "there is no such directory or script" : "is neither a directory nor a script";
  throw new SkitaiError("OPTION_INVALID", { name: text, accepted });
}

/**
 * A script.
 * @throws SkitaiError OPTION_INVALID for anything else
 */
export function readScript(text: string): string {
  const { kind, path } = readTarget(text);
  if (kind === "script") return path;
  throw new SkitaiError("OPTION_INVALID", { name: text, accepted: "is a directory, name the script in it" });
}
