import type { RunOptions } from "../config/settings.ts";
import { trackResponseBodies } from "../http/response-body.ts";
import { currentRole } from "../process/role.ts";
import { run as runDeclaration } from "../process/run.ts";
import { declaration } from "./declaration.ts";

// Before the script makes its first Response, which may be a constant of one of its modules.
if (currentRole() === "worker") trackResponseBodies();

// In a thread `import.meta.main` is false: a script that asks it first does not get to run().
if (currentRole() === "job")
  process.once("beforeExit", () => declaration.isClosed || void runDeclaration(declaration, {}));

/** Serves what was mounted, as `run` options, environment and flags say. Does not return while it serves. Spec E15. */
export const run = (options: RunOptions = {}): Promise<void> => runDeclaration(declaration, options);
