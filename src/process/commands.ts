import type { CommandName } from "../config/commands.ts";
import type { Declaration } from "../config/declaration.ts";

/** What each command of the table does. It ends the process. */
export const commands: Readonly<Record<CommandName, (declaration: Declaration) => Promise<never>>> = {
  start: async (declaration) => (await import("./daemon.ts")).startDaemon(declaration),
  stop: async (declaration) => (await import("./service-commands.ts")).stopService(declaration),
  restart: async (declaration) => (await import("./service-commands.ts")).restartService(declaration),
  reload: async (declaration) => (await import("./service-commands.ts")).reloadService(declaration),
  status: async (declaration) => (await import("./service-commands.ts")).showStatus(declaration),
  install: async (declaration) => (await import("./install.ts")).installService(declaration),
  update: async (declaration) => (await import("./install.ts")).updateService(declaration),
  remove: async (declaration) => (await import("./install.ts")).removeService(declaration),
};
