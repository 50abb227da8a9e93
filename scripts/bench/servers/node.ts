import { join } from "node:path";
import type { Command, Launch, Server } from "../server.ts";

const programs = join(import.meta.dir, "..", "programs");

const program = (file: string, about: string, packages?: Record<string, string>): Server => ({
  about,
  log: false,
  programs: ["node"],
  ...(packages && { packages }),
  command: (launch): Command => ({
    argv: ["node", join(programs, file)],
    env: { BENCH_PORT: `${launch.port}`, BENCH_PACKAGES: launch.packages },
  }),
});

/** pm2's own foreground mode, so that it and its workers stay in the process tree that is measured and ended. */
async function pm2(launch: Launch): Promise<Command> {
  const script = join(programs, "node-http.cjs");
  const config = join(launch.directory, "ecosystem.config.json");
  const app = { name: launch.name, script, instances: 2, exec_mode: "cluster", autorestart: false };
  await Bun.write(config, JSON.stringify({ apps: [app] }));
  return {
    argv: ["node", join(launch.packages, "node_modules/pm2/bin/pm2-runtime"), "start", config],
    env: {
      BENCH_PORT: `${launch.port}`,
      PM2_HOME: join(launch.directory, "pm2"),
      PM2_DISABLE_VERSION_CHECK: "true",
    },
  };
}

export const node = {
  node: program("node-http.cjs", "node:http"),
  fastify: program("fastify.cjs", "Fastify on Node.js", { fastify: "5.12.8" }),
  pm2: {
    about: "pm2 cluster of 2, node:http",
    log: false,
    programs: ["node"],
    packages: { pm2: "7.0.4" },
    command: pm2,
  },
} satisfies Record<string, Server>;
