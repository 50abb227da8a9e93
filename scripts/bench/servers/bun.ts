import { join } from "node:path";
import type { Command, Server } from "../server.ts";

const programs = join(import.meta.dir, "..", "programs");

const program = (file: string, about: string): Server => ({
  about,
  log: false,
  command: ({ bun, port, certificate }): Command => ({
    argv: [bun, join(programs, file)],
    env: { BENCH_PORT: `${port}`, BENCH_CERT: certificate.cert, BENCH_KEY: certificate.key },
  }),
});

export const bun = {
  raw: program("raw.ts", "Bun.serve, a fetch handler and nothing else"),
  "raw-2": program("raw-2.ts", "the same, two processes on one port"),
  "raw-h2": program("raw-h2.ts", "Bun.serve with HTTP/2 beside HTTP/1.1"),
  "raw-tls": program("raw-tls.ts", "the same over TLS"),
  hono: program("hono.ts", "Hono on Bun.serve"),
} satisfies Record<string, Server>;
