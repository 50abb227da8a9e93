import { join } from "node:path";
import type { Command, Launch, Server } from "../server.ts";

const programs = join(import.meta.dir, "..", "programs");

export const environment = (launch: Launch, workers: number): Record<string, string> => ({
  BENCH_PORT: `${launch.port}`,
  BENCH_LOGS: launch.logs,
  BENCH_SITE: launch.site,
  BENCH_WORKERS: `${workers}`,
  BENCH_NAME: launch.name,
  BENCH_CERT: launch.certificate.cert,
  BENCH_KEY: launch.certificate.key,
});

const engine = (program: string, about: string, workers = 1): Server => ({
  ours: true,
  about: `skitai, ${about}`,
  log: true,
  command: (launch): Command => ({
    argv: [launch.bun, join(programs, `${program}.ts`)],
    env: environment(launch, workers),
  }),
});

const binary: Server = {
  ours: true,
  about: "the single-file binary given by --binary, 2 workers",
  log: true,
  compiled: true,
  command: (launch): Command => ({
    argv: [launch.binary ?? ""],
    env: environment(launch, 2),
  }),
};

export const skitai = {
  skitai: engine("skitai-hello", "a mounted fetch handler"),
  "skitai-hono": engine("skitai-hono", "a mounted Hono app"),
  "skitai-mounts": engine("skitai-mounts", "100 mounts on 20 virtual hosts"),
  "skitai-static": engine("skitai-static", "a mounted directory"),
  "skitai-2": engine("skitai-hello", "a mounted fetch handler, 2 workers", 2),
  "skitai-tls": engine("skitai-tls", "a mounted fetch handler, TLS"),
  "skitai-binary": binary,
} satisfies Record<string, Server>;
