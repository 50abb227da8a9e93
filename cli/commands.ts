import type { SubCommandsDef } from "citty";

/** The commands of `skitai`, loaded when they are called. */
export const commands = {
  build: async () => (await import("./commands/build.ts")).build,
  status: async () => (await import("./commands/status.ts")).status,
} satisfies SubCommandsDef;
