import type { Case, LoadCase, RatioBar } from "./case.ts";
import type { ServerName } from "./servers/registry.ts";

type Calls = Pick<LoadCase, "about" | "servers"> & {
  bytes: number;
  ours: ServerName;
  bars: readonly Omit<RatioBar, "server">[];
};

const calls = ({ about, bytes, servers, ours, bars }: Calls): LoadCase => ({
  kind: "load",
  about,
  request: { path: "/", headers: "few", bytes },
  connections: 32,
  pinned: true,
  servers,
  bases: servers.filter((name) => name !== ours),
  bars: bars.map((bar) => ({ server: ours, ...bar })),
});

/** A row of `pets` as JSON, in its list. */
const row = '[{"id":1000,"name":"pet 1000","age":0}]';
const stock = '{"stock":17,"unit":"pieces"}';

/** Handlers that call other servers, as tasks and by hand. */
export const callCases: Readonly<Record<string, Case>> = {
  "pg-select": calls({
    about: "a keyed PostgreSQL select",
    bytes: row.length,
    servers: ["raw-pg-select", "skitai-pg-select-bare", "skitai-pg-select"],
    ours: "skitai-pg-select",
    bars: [{ base: "raw-pg-select", limit: 1.05 }],
  }),
  "pg-four": calls({
    about: "four keyed selects and an HTTP call at the same time",
    bytes: `[${[row, row, row, row, stock].join(",")}]`.length,
    servers: ["raw-pg-four", "skitai-pg-four-bare", "skitai-pg-four"],
    ours: "skitai-pg-four",
    bars: [{ base: "raw-pg-four", limit: 1.08 }],
  }),
  "sqlite-select": calls({
    about: "a keyed SQLite select",
    bytes: row.length,
    servers: ["raw-sqlite-select", "skitai-sqlite-select-bare", "skitai-sqlite-select"],
    ours: "skitai-sqlite-select",
    bars: [{ base: "raw-sqlite-select", limit: 1.15 }],
  }),
  "redis-get": calls({
    about: "GET of Redis",
    bytes: "pet 1000".length,
    servers: ["raw-redis-get", "raw-redis-get-single", "skitai-redis-get-bare", "skitai-redis-get"],
    ours: "skitai-redis-get",
    bars: [
      { base: "raw-redis-get", limit: 1.1 },
      { base: "raw-redis-get-single", limit: 0.5 },
    ],
  }),
  "http-call": calls({
    about: "a call to a local HTTP server",
    bytes: stock.length,
    servers: ["raw-http-call", "skitai-http-call-bare", "skitai-http-call"],
    ours: "skitai-http-call",
    bars: [{ base: "raw-http-call", limit: 1.1 }],
  }),
  "cached-result": calls({
    about: "a call whose result is kept",
    bytes: stock.length,
    servers: ["skitai-constant", "skitai-cached"],
    ours: "skitai-cached",
    bars: [{ base: "skitai-constant", limit: 1.1 }],
  }),
  "slow-tasks": {
    kind: "rise",
    about: "memory of a thousand slow tasks of one request, none lost, no pool above its limit",
    request: { path: "/", headers: "few", bytes: "all ended".length },
    servers: ["skitai-slow-tasks"],
    bars: [{ server: "skitai-slow-tasks", limit: 30 }],
  },
};
