import { dirname, resolve } from "node:path";

/** True in an executable made by `skitai build`: the script is inside, its files may be too. */
export const isCompiled = Bun.main.startsWith("/$bunfs/");

/** The script that was started, or the executable it is compiled into. Absolute. */
export const scriptPath = (): string => (isCompiled ? process.execPath : Bun.main);

/** The engine's working directory: the one of the script, wherever it was called from. Spec E16. */
export const getswd = (): string => dirname(scriptPath());

/** `abspath("resources", "a.txt")`: below the script's directory; an absolute part starts anew. Spec E16. */
export const abspath = (...parts: string[]): string => resolve(getswd(), ...parts);
