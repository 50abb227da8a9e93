import { join } from "node:path";
import type { Command, Server } from "../server.ts";
import { environment } from "./skitai.ts";

const programs = join(import.meta.dir, "..", "programs");

/** Logs each connection; messages are not logged. */
const engine = (program: string, about: string, workers = 1): Server => ({
  ours: true,
  about: `skitai, ${about}`,
  log: false,
  command: (launch): Command => ({
    argv: [launch.bun, join(programs, `${program}.ts`)],
    env: environment(launch, workers),
  }),
});

/** Websockets, and what workers share. */
export const realtime = {
  "skitai-sockets": engine("skitai-sockets", "websockets"),
  "skitai-sockets-2": engine("skitai-sockets", "websockets, 2 workers", 2),
  "skitai-meters": engine("skitai-meters", "events, words and locks, 2 workers", 2),
  "raw-sockets": {
    about: "Bun.serve, websockets and its publish",
    log: false,
    command: ({ bun, port }): Command => ({
      argv: [bun, join(programs, "raw-sockets.ts")],
      env: { BENCH_PORT: `${port}` },
    }),
  },
  "node-ws": {
    about: "ws on node:http",
    log: false,
    programs: ["node"],
    packages: { ws: "8.23.0" },
    command: ({ port, packages }): Command => ({
      argv: ["node", join(programs, "node-ws.cjs")],
      env: { BENCH_PORT: `${port}`, BENCH_PACKAGES: packages },
    }),
  },
} satisfies Record<string, Server>;
