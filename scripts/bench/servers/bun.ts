import { join } from "node:path";
import type { Command, Server } from "../server.ts";

const programs = join(import.meta.dir, "..", "programs");

const program = (file: string, about: string): Server => ({
  about,
  log: false,
  command: ({ bun, port }): Command => ({
    argv: [bun, join(programs, file)],
    env: { BENCH_PORT: `${port}` },
  }),
});

export const bun = {
  raw: program("raw.ts", "Bun.serve, a fetch handler and nothing else"),
  "raw-2": program("raw-2.ts", "the same, two processes on one port"),
  hono: program("hono.ts", "Hono on Bun.serve"),
} satisfies Record<string, Server>;
