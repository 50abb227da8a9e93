import { isCompiled } from "../config/paths.ts";

/** Bun writes a CPU profile into the working directory when the process ends. */
export const profileFlag = "--cpu-prof";

/**
 * The command that runs this script again, in another role; in an executable, the executable itself.
 * @param flags for Bun; an executable takes them from its environment only
 */
export const ownCommand = (...flags: string[]): string[] => [
  ...(isCompiled ? [process.execPath] : [process.execPath, ...process.execArgv, ...flags, Bun.main]),
  ...process.argv.slice(2),
];

/** Set where the executable `skitai` runs a script: the directory of what it has unpacked. */
export const executableVariable = "SKITAI_EXECUTABLE";

/** What starts this script from anywhere, without the words this process was given. */
export function scriptCommand(): [string, ...string[]] {
  const unpacked = process.env[executableVariable];
  if (isCompiled) return [process.execPath];
  if (unpacked === undefined) return [process.execPath, ...process.execArgv, Bun.main];
  return [process.execPath, ...(Bun.main.startsWith(`${unpacked}/`) ? [] : ["serve", Bun.main])];
}
