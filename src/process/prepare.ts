import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import { readTarget, textOf } from "../mounts/target.ts";
import { badCertificates } from "./certificates.ts";
import { badAccount } from "./privileges.ts";
import { badQuic } from "./quic.ts";

/**
 * The settings of a service that can be started. Else prints all that is wrong, a line each, before anything listens, and
 * ends with exit code 1.
 */
export async function prepare(declaration: Declaration): Promise<Settings> {
  const { settings, errors } = await examine(declaration);
  // Not for a plan: who builds an executable need not have the keys.
  const wrong = [...errors, ...(await badCertificates(declaration))];
  if (errors.length === 0) wrong.push(...badAccount(settings, declaration.forward));
  return wrong.length === 0 ? settings : abort(wrong);
}

/** What a declaration says, and all that is wrong with it. */
export async function examine(
  declaration: Declaration,
): Promise<{ settings: Settings; errors: SkitaiError[] }> {
  const { validate } = await import("../config/validate.ts");
  const { settings, errors } = validate(declaration, process.env);
  return {
    settings,
    errors: [...errors, ...(errors.length > 0 ? [] : badQuic(settings)), ...badMounts(declaration)],
  };
}

function badMounts({ mounts, grpc, errors }: Declaration): SkitaiError[] {
  if (mounts.length === 0 && grpc.length === 0 && errors.length === 0)
    return [
      new SkitaiError("MOUNT_INVALID", {
        name: "mount",
        accepted: 'nothing is mounted, call mount("/", app) before run()',
      }),
    ];
  return mounts.flatMap(({ target, preference }) => {
    try {
      const text = textOf(target);
      if (text !== undefined) readTarget(text, preference.base);
      return [];
    } catch (error) {
      return [error as SkitaiError];
    }
  });
}

/** Says what is wrong and ends: not started. */
export function abort(errors: readonly unknown[]): never {
  for (const error of errors)
    process.stderr.write(
      `skitai: ${typeof error === "string" ? error : error instanceof SkitaiError ? error.message : Bun.inspect(error)}\n`,
    );
  process.exit(1);
}
