import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/options.ts";
import { getswd } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { readTarget } from "../mounts/target.ts";
import { claimPort } from "./port.ts";

/**
 * The settings of a service that can be started, its port a real one. Else prints all that is wrong, a line each,
 * before anything listens, and ends with exit code 1.
 */
export async function prepare(declaration: Declaration): Promise<Settings> {
  const { settings, errors } = await examine(declaration);
  const wrong: unknown[] = errors;
  if (wrong.length === 0) {
    try {
      return { ...settings, port: claimPort(settings.address, settings.port) };
    } catch (error) {
      wrong.push(error);
    }
  }
  return abort(wrong);
}

/** What a declaration says, and all that is wrong with it. */
export async function examine(
  declaration: Declaration,
): Promise<{ settings: Settings; errors: SkitaiError[] }> {
  const { validate } = await import("../config/validate.ts");
  const { settings, errors } = validate(declaration, process.env);
  return { settings, errors: [...errors, ...badMounts(declaration)] };
}

function badMounts({ mounts, errors }: Declaration): SkitaiError[] {
  if (mounts.length === 0 && errors.length === 0)
    return [
      new SkitaiError("MOUNT_INVALID", {
        name: "mount",
        accepted: 'nothing is mounted, call mount("/", app) before run()',
      }),
    ];
  return mounts.flatMap(({ target }) => {
    try {
      if (typeof target === "string") readTarget(target, getswd());
      return [];
    } catch (error) {
      return [error as SkitaiError];
    }
  });
}

/** Says what is wrong and ends: not started. */
export function abort(errors: readonly unknown[]): never {
  for (const error of errors)
    process.stderr.write(`skitai: ${error instanceof SkitaiError ? error.message : Bun.inspect(error)}\n`);
  process.exit(1);
}
