import type { Declaration } from "../config/declaration.ts";
import type { RunOptions } from "../config/options.ts";
import { getswd } from "../config/paths.ts";
import { currentRole } from "./role.ts";

/**
 * Ends the declaration and does what this process is there for. Never returns in a process that serves. What a role does
 * not need is not loaded.
 */
export async function run(declaration: Declaration, options: RunOptions): Promise<void> {
  declaration.set(options);
  declaration.close();
  process.chdir(getswd());
  switch (currentRole()) {
    case "worker":
      return (await import("./worker.ts")).runWorker(declaration);
    case "plan":
      return (await import("./plan.ts")).runPlan(declaration);
    case "master":
      return (await import("./master.ts")).runMaster(declaration);
  }
}
