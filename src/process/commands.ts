import type { CommandName } from "../config/commands.ts";
import type { Declaration } from "../config/declaration.ts";

/** What each command of the table does. It ends the process. */
export const commands: Readonly<Record<CommandName, (declaration: Declaration) => Promise<never>>> = {
  start: async (declaration) => (await import("./daemon.ts")).startDaemon(declaration),
};
