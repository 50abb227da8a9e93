import { Declaration } from "./config/declaration.ts";
import type {
  ErrorHandler,
  FetchApp,
  FetchHandler,
  MountOptions,
  MountTarget,
  NodeHandler,
} from "./config/mount-types.ts";
import type { Flag } from "./config/flags.ts";
import type { Duration, RunOptions, Size } from "./config/options.ts";
import { abspath, getswd } from "./config/paths.ts";
import { Context } from "./context.ts";
import { codes, type ErrorCode, SkitaiError } from "./errors.ts";
import { trackResponseBodies } from "./http/response-body.ts";
import { currentRole } from "./process/role.ts";
import { run as runDeclaration } from "./process/run.ts";
import { was } from "./was.ts";

export { abspath, codes, Context, getswd, SkitaiError, was };
export type {
  Duration,
  ErrorCode,
  ErrorHandler,
  FetchApp,
  FetchHandler,
  Flag,
  MountOptions,
  MountTarget,
  NodeHandler,
  RunOptions,
  Size,
};

// Before the script makes its first Response, which may be a constant of one of its modules.
if (currentRole() === "worker") trackResponseBodies();

const declaration = new Declaration(process.argv.slice(2));

/**
 * Puts an app, a directory or a module on a path. Longest point first; on one point a static file that exists wins over
 * the app. Spec E1-E7, E10.
 */
export function mount(point: string, target: FetchTarget, options?: MountOptions): void;
export function mount(point: string, target: MountTarget, options?: MountOptions): void;
export function mount(point: string, target: MountTarget, options?: MountOptions): void {
  declaration.mount(point, target, options);
}

/** The first overload, so that TypeScript knows the parameters of a handler that is written in place. */
type FetchTarget = Exclude<MountTarget, NodeHandler> | FetchHandler;

/** Serves what was mounted, as `run` options, environment and flags say. Does not return while it serves. Spec E15. */
export const run = (options: RunOptions = {}): Promise<void> => runDeclaration(declaration, options);

/** Declares a flag of the script: `("-D", "--dist", text)`, `(null, "--db=DB_NAME", text)`. Spec O1. */
export const addOption = (short: string | null, long: string, help: string): void =>
  declaration.commandLine.add(short, long, help);

/** The value of the first of these flags that was given; `true` for one without a value. Spec O1. */
export const getOption = (...names: string[]): string | true | undefined =>
  declaration.commandLine.get(...names);

/** Flags by name with a default: `options.get("--db", "testdb")`. Spec O1. */
export const options = {
  get: optionValue,
};

/**
 * The text that was given, or the default. A flag without a value is `true` when it was given.
 * @throws SkitaiError OPTION_INVALID for such a flag with a text as default
 */
function optionValue(name: string, otherwise: string): string;
function optionValue(name: string, otherwise?: boolean): string | boolean | undefined;
function optionValue(name: string, otherwise?: string | boolean): string | boolean | undefined {
  const value = declaration.commandLine.get(name);
  if (value === true && typeof otherwise === "string")
    throw new SkitaiError("OPTION_INVALID", {
      name,
      value: otherwise,
      accepted: "no text: this flag takes no value",
    });
  return value ?? otherwise;
}

/** Whether `--devel`, `SKITAI_DEVEL` or, once it was called, `run({ devel: true })` says so. Spec O3. */
export function isDevel(): boolean {
  if (declaration.commandLine.get("--devel") === true) return true;
  const said = process.env["SKITAI_DEVEL"];
  return said ? /^(1|true|yes|on)$/.test(said) : declaration.options.devel === true;
}

/** Caching headers for static files at or below a public path, in production only; 0 for none. Spec S2. */
export const setMaxAge = (prefix: string, age: Duration): void => declaration.setMaxAge(prefix, age);

/** Longest request body, default 256 MiB. Spec E11. */
export const setMaxUploadSize = (maxUploadSize: Size): void => declaration.set({ maxUploadSize });

/** How long an idle connection is kept, default 30 s. Spec E12. */
export const setKeepAlive = (keepAlive: Duration): void => declaration.set({ keepAlive });

/** Longest pause of an upload, of a reading client, and of a handler that has not answered; default 30 s. Spec E12. */
export const setRequestTimeout = (requestTimeout: Duration): void => declaration.set({ requestTimeout });

/** Writes `request.log`, `server.log`, `app.log` into a directory, default `/var/log/skitai/<user>/<name>`. Spec L2. */
export const enableFileLogging = (directory?: string): void => declaration.enableFileLogging(directory);

/** Keeps requests out of the request log: `"/static/"` by prefix, `"*.css"` by suffix. Spec L3. */
export const logOff = (...patterns: string[]): void => declaration.setLogOff(patterns);
