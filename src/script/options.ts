import type { Duration, Size } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import { declaration } from "./declaration.ts";

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

/**
 * Replaces a worker that uses `cpuPercent` (default 90) of one CPU or more in `continuous` (3) successive checks, one every
 * `interval` (20 s; 0 for never). Spec W3.
 */
export const setWorkerCriticalPoint = ({
  cpuPercent = 90,
  continuous = 3,
  interval = 20,
}: { cpuPercent?: number; continuous?: number; interval?: Duration } = {}): void =>
  declaration.set({ criticalCpu: cpuPercent, criticalChecks: continuous, criticalInterval: interval });

/** Longest request body, default 256 MiB. Spec E11. */
export const setMaxUploadSize = (maxUploadSize: Size): void => declaration.set({ maxUploadSize });

/** How long an idle connection is kept, default 30 s. Spec E12. */
export const setKeepAlive = (keepAlive: Duration): void => declaration.set({ keepAlive });

/** Longest pause of an upload, of a reading client, and of a handler that has not answered; default 30 s. Spec E12. */
export const setRequestTimeout = (requestTimeout: Duration): void => declaration.set({ requestTimeout });
