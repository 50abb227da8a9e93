import { isAbsolute } from "node:path";
import type { Declaration, MountDeclaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import { protoKeys } from "../grpc/embedded.ts";
import { placeOf } from "../mounts/embedded.ts";
import { readTarget, textOf, type TextTarget } from "../mounts/target.ts";
import { examine } from "./prepare.ts";

/** A mount that is given as text. */
export interface PlannedMount {
  /** What `embed` files it under: its place, and its text. */
  readonly keys: readonly string[];
  readonly target: TextTarget;
}

/** A .proto file of a `grpc` call, with its imports. */
export interface PlannedProto {
  /** What `embedProto` files it under. */
  readonly keys: readonly string[];
  readonly json: string;
}

/** What `skitai build` has to know of a script. Spec Y2. */
export interface Plan {
  /** The service name that the script gives to `run()`. */
  readonly name?: string;
  readonly dotFiles: Settings["dotFiles"];
  readonly mounts: readonly PlannedMount[];
  readonly protos: readonly PlannedProto[];
}

/** What the script declares, or all that is wrong with it, one line each. */
export type PlanOutcome = Plan | { readonly errors: readonly string[] };

/** Marks the line of a script's output that is its plan. */
export const planMark = "skitai-plan:";

/** Prints the plan of this script and ends. */
export async function runPlan(declaration: Declaration): Promise<never> {
  const outcome = await planOf(declaration).catch((error: Error) => ({ errors: [error.message] }));
  await Bun.write(Bun.stdout, `\n${planMark}${JSON.stringify(outcome)}\n`);
  process.exit(0);
}

async function planOf(declaration: Declaration): Promise<PlanOutcome> {
  const { settings, errors } = await examine(declaration);
  if (errors.length > 0) return { errors: errors.map(({ message }) => message) };
  const { name } = declaration.options;
  return {
    ...(name === undefined ? {} : { name }),
    dotFiles: settings.dotFiles,
    mounts: [...new Map(declaration.mounts.flatMap(planned))].map(([, mount]) => mount),
    protos: await plannedProtos(declaration),
  };
}

/** Nothing is loaded for none. */
async function plannedProtos({ grpc }: Declaration): Promise<PlannedProto[]> {
  if (grpc.length === 0) return [];
  const { protoJson } = await import("../grpc/definitions.ts");
  return await Promise.all(
    grpc.map(async ({ file, options }) => ({
      keys: protoKeys(file, options),
      json: JSON.stringify(await protoJson(file, options)),
    })),
  );
}

/** The same text of the same base is embedded once. */
function planned({ target, preference: { base } }: MountDeclaration): [key: string, PlannedMount][] {
  const text = textOf(target);
  if (text === undefined) return [];
  // A relative text means something else with another base.
  const keys = [placeOf(text, base), ...(isAbsolute(text) ? [text] : [])];
  return [[`${base} ${text}`, { keys, target: readTarget(text, base) }]];
}
