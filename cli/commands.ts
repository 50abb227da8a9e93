import type { SubCommandsDef } from "citty";

/** The commands of `skitai`, loaded when they are called. */
export const commands = {
  build: async () => (await import("./commands/build.ts")).build,
  cert: async () => (await import("./commands/cert.ts")).cert,
  completions: async () => (await import("./commands/completions.ts")).completions,
  dev: async () => (await import("./commands/dev.ts")).dev,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  init: async () => (await import("./commands/init.ts")).init,
  install: async () => (await import("./commands/install.ts")).install,
  proxy: async () => (await import("./commands/proxy.ts")).proxy,
  reload: async () => (await import("./commands/reload.ts")).reload,
  remove: async () => (await import("./commands/remove.ts")).remove,
  serve: async () => (await import("./commands/serve.ts")).serve,
  smtpda: async () => (await import("./commands/smtpda.ts")).smtpda,
  status: async () => (await import("./commands/status.ts")).status,
  stop: async () => (await import("./commands/stop.ts")).stop,
  trace: async () => (await import("./commands/trace.ts")).trace,
  update: async () => (await import("./commands/update.ts")).update,
} satisfies SubCommandsDef;
