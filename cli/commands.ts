import type { SubCommandsDef } from "citty";

/** The commands of `skitai`, loaded when they are called. */
export const commands = {
  build: async () => (await import("./commands/build.ts")).build,
  dev: async () => (await import("./commands/dev.ts")).dev,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  proxy: async () => (await import("./commands/proxy.ts")).proxy,
  reload: async () => (await import("./commands/reload.ts")).reload,
  serve: async () => (await import("./commands/serve.ts")).serve,
  smtpda: async () => (await import("./commands/smtpda.ts")).smtpda,
  status: async () => (await import("./commands/status.ts")).status,
  stop: async () => (await import("./commands/stop.ts")).stop,
} satisfies SubCommandsDef;
