import { isCompiled } from "../config/paths.ts";

/** Bun writes a CPU profile into the working directory when the process ends. */
export const profileFlag = "--cpu-prof";

/**
 * The command that runs this script again, in another role; in an executable, the executable itself.
 * @param flags for Bun; an executable takes them from its environment only
 */
export const ownCommand = (...flags: string[]): string[] => [
  ...scriptCommand(...flags),
  ...process.argv.slice(2),
];

/** Without the words this process was given. */
export const scriptCommand = (...flags: string[]): [string, ...string[]] =>
  isCompiled ? [process.execPath] : [process.execPath, ...process.execArgv, ...flags, Bun.main];
