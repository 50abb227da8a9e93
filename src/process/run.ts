import type { Declaration } from "../config/declaration.ts";
import type { RunOptions } from "../config/settings.ts";
import { getswd } from "../config/paths.ts";
import { commands } from "./commands.ts";
import { currentRole } from "./role.ts";

/**
 * Ends the declaration and does what this process is there for. Never returns: the process ends by a signal, a command by
 * itself. What a role does not need is not loaded.
 */
export async function run(declaration: Declaration, options: RunOptions): Promise<never> {
  declaration.set(options);
  declaration.close();
  // A thread is where its process is.
  if (Bun.isMainThread) process.chdir(getswd());
  switch (currentRole()) {
    case "worker":
      await (await import("./worker.ts")).runWorker(declaration);
      break;
    case "job":
      (await import("./job-host.ts")).runJobHost(declaration);
      break;
    case "plan":
      (await import("./plan.ts")).runPlan(declaration);
      break;
    case "smtpda":
      await (await import("./smtpda.ts")).runSpawnedAgent();
      break;
    case "daemon":
      return (await import("./master.ts")).runMaster(declaration);
    case "master":
      return runForeground(declaration);
  }
  // What the script says behind run() is for nobody: the process ends where it is asked to.
  return new Promise<never>(() => {});
}

async function runForeground(declaration: Declaration): Promise<never> {
  const { commandLine } = declaration;
  if (commandLine.get("--help")) {
    process.stdout.write((await import("../config/help.ts")).helpText(commandLine));
    process.exit(0);
  }
  return commandLine.command === undefined
    ? (await import("./master.ts")).runMaster(declaration)
    : commands[commandLine.command](declaration);
}
