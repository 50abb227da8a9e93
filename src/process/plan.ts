import type { Declaration } from "../config/declaration.ts";
import { getswd } from "../config/paths.ts";
import { readTarget, type TextTarget } from "../mounts/target.ts";

/** What `skitai build` has to put into an executable: every mount that is given as text. Spec Y2. */
export interface Plan {
  readonly mounts: readonly { readonly text: string; readonly target: TextTarget }[];
}

/** Marks the line of a script's output that is its plan. */
export const planMark = "skitai-plan:";

/** Prints the plan of this script and ends. */
export function runPlan({ mounts }: Declaration): never {
  const texts = [
    ...new Set(mounts.map(({ target }) => target).filter((target) => typeof target === "string")),
  ];
  const plan: Plan = { mounts: texts.map((text) => ({ text, target: readTarget(text, getswd()) })) };
  process.stdout.write(`\n${planMark}${JSON.stringify(plan)}\n`);
  process.exit(0);
}
