import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/options.ts";
import { getswd } from "../config/paths.ts";
import { placeOf } from "../mounts/embedded.ts";
import { readTarget, type TextTarget } from "../mounts/target.ts";
import { examine } from "./prepare.ts";

/** A mount that is given as text. */
export interface PlannedMount {
  /** What `embed` files it under: its place, and its text. */
  readonly keys: readonly string[];
  readonly target: TextTarget;
}

/** What `skitai build` has to know of a script. Spec Y2. */
export interface Plan {
  /** The service name that the script gives to `run()`. */
  readonly name?: string;
  readonly dotFiles: Settings["dotFiles"];
  readonly mounts: readonly PlannedMount[];
}

/** What the script declares, or all that is wrong with it, one line each. */
export type PlanOutcome = Plan | { readonly errors: readonly string[] };

/** Marks the line of a script's output that is its plan. */
export const planMark = "skitai-plan:";

/** Prints the plan of this script and ends. */
export async function runPlan(declaration: Declaration): Promise<never> {
  await Bun.write(Bun.stdout, `\n${planMark}${JSON.stringify(await planOf(declaration))}\n`);
  process.exit(0);
}

async function planOf(declaration: Declaration): Promise<PlanOutcome> {
  const { settings, errors } = await examine(declaration);
  if (errors.length > 0) return { errors: errors.map(({ message }) => message) };
  const { name } = declaration.options;
  const texts = new Set(
    declaration.mounts.map(({ target }) => target).filter((target) => typeof target === "string"),
  );
  return {
    ...(name === undefined ? {} : { name }),
    dotFiles: settings.dotFiles,
    mounts: [...texts].map((text) => ({
      keys: [...new Set([placeOf(text), text])],
      target: readTarget(text, getswd()),
    })),
  };
}
