import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SkitaiError } from "../../src/errors.ts";

/** Where services log by default. */
export const defaultLogs = "/var/log/skitai";

const logName = /\.log(?:[.-][\w.-]+)?$/;

/**
 * The log files that are named: files as they are, of directories all `*.log`, rotated and compressed ones too, below any
 * depth; `-` is the standard input.
 * @throws SkitaiError OPTION_INVALID for one that is not there
 */
export function logFiles(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => (path === "-" ? ["-"] : below(path))))];
}

function below(path: string): string[] {
  if (!existsSync(path))
    throw new SkitaiError("OPTION_INVALID", {
      name: path,
      accepted: "there is no such log file or directory",
    });
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && logName.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}
