import type { Case, LoadCase, RatioBar, RiseCase } from "./case.ts";
import { edgeToken } from "./token.ts";

type Edge = Pick<LoadCase, "about" | "servers" | "bases"> & {
  request: Omit<LoadCase["request"], "headers">;
  bars: readonly RatioBar[];
  connections?: number;
};

const edge = ({ request, connections = 32, ...more }: Edge): LoadCase => ({
  kind: "load",
  request: { ...request, headers: "few" },
  connections,
  pinned: true,
  ...more,
});

const cache = (about: string, size: string, bytes: number, limit: number): LoadCase =>
  edge({
    about,
    request: { path: `/kept/${size}`, bytes },
    servers: ["nginx-proxy-cache", "skitai-cache"],
    bases: ["nginx-proxy-cache"],
    bars: [{ server: "skitai-cache", base: "nginx-proxy-cache", limit }],
  });

const held = 10_000;

/** Of 2 workers: a websocket takes two files of a proxy, and a process may often have no more than 20,000 open. */
const idle = (about: string, holds?: RiseCase["holds"]): RiseCase => ({
  kind: "rise",
  about: `memory of 10,000 ${about}; 12 KiB each are 123 MB`,
  request: { path: "/fresh/1k", headers: "few", bytes: 1024 },
  connections: held,
  ...(holds && { holds }),
  servers: ["skitai-proxy-2"],
  bars: [{ server: "skitai-proxy-2", limit: (held * 12 * 1024) / 1e6 }],
});

const proxies: LoadCase["servers"] = ["nginx-proxy", "skitai-proxy", "caddy-proxy", "undici"];

/** Proxies and caches: every answer of the upstream has a head of its own. */
export const edgeCases: Readonly<Record<string, Case>> = {
  "proxy-1k": edge({
    about: "1 KiB through a reverse proxy, connections kept on both sides",
    request: { path: "/fresh/1k", bytes: 1024 },
    servers: proxies,
    bases: ["nginx-proxy", "caddy-proxy", "undici"],
    bars: [
      { server: "skitai-proxy", base: "nginx-proxy", limit: 1.7, stretch: 1.3 },
      { server: "skitai-proxy", base: "caddy-proxy", limit: 0.5 },
      { server: "skitai-proxy", base: "undici", limit: 0.8 },
    ],
  }),
  "proxy-10m": edge({
    about: "10 MiB through a reverse proxy",
    request: { path: "/fresh/10m", bytes: 10 * 1024 * 1024 },
    connections: 8,
    servers: proxies,
    bases: ["nginx-proxy"],
    bars: [{ server: "skitai-proxy", base: "nginx-proxy", limit: 1.3 }],
  }),
  "cache-1k": cache("a hit of 1 KiB", "1k", 1024, 0.75),
  "cache-100k": cache("a hit of 100 KiB", "100k", 100 * 1024, 0.95),
  "cache-disk": edge({
    about: "hits of 4 KiB, each of 2000 in turn and so from disk",
    request: { path: "/kept/4k/0", paths: 2000, bytes: 4 * 1024 },
    servers: ["nginx-proxy-cache", "skitai-cache-disk"],
    bases: ["nginx-proxy-cache"],
    bars: [{ server: "skitai-cache-disk", base: "nginx-proxy-cache", limit: 1.3 }],
  }),
  "proxy-jwt": edge({
    about: "1 KiB through a reverse proxy with a token of HS256",
    request: { path: "/fresh/1k", bytes: 1024, authorization: `Bearer ${edgeToken()}` },
    servers: ["skitai-proxy", "skitai-jwt"],
    bases: ["skitai-proxy"],
    bars: [{ server: "skitai-jwt", base: "skitai-proxy", limit: 1.2 }],
  }),
  "edge-idle": idle("clients that were answered through a reverse proxy", "clients"),
  "edge-idle-sockets": idle("websockets through a reverse proxy"),
};
