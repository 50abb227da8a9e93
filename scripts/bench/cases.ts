import { callCases } from "./cases-calls.ts";
import { edgeCases } from "./cases-edge.ts";
import { realtimeCases } from "./cases-realtime.ts";
import type { Case, LoadCase, Request } from "./case.ts";

const hello: Request = { path: "/", headers: "few", bytes: 11 };

type Static = Pick<LoadCase, "about" | "bars"> & { path: string; bytes: number; connections?: number };

const staticFile = ({ about, path, bytes, bars, connections = 32 }: Static): LoadCase => ({
  kind: "load",
  about,
  request: { path, headers: "few", bytes },
  connections,
  pinned: true,
  servers: ["nginx", "skitai-static", "nginx-file-cache", "caddy"],
  bases: ["nginx"],
  bars,
});

/** Every case that can be named, in the order they run. */
export const cases: Readonly<Record<string, Case>> = {
  hello: {
    kind: "load",
    about: "hello from a mounted fetch handler, wrk's few headers",
    request: hello,
    connections: 32,
    pinned: true,
    servers: ["raw", "nginx", "nginx-request-id", "skitai", "hono", "node", "fastify", "caddy"],
    bases: ["raw", "nginx", "nginx-request-id"],
    bars: [
      { server: "skitai", base: "raw", limit: 1.4 },
      { server: "skitai", base: "nginx", limit: 1.2 },
    ],
  },
  "hello-browser": {
    kind: "load",
    about: "the same with a browser's 12 headers",
    request: { ...hello, headers: "browser" },
    connections: 32,
    pinned: true,
    servers: ["raw", "nginx", "nginx-request-id", "skitai", "hono", "node", "fastify", "caddy"],
    bases: ["raw", "nginx", "nginx-request-id"],
    bars: [
      { server: "skitai", base: "raw", limit: 1.7, stretch: 1.4 },
      { server: "skitai", base: "nginx", limit: 1.35, stretch: 1.15 },
    ],
  },
  "hello-hono": {
    kind: "load",
    about: "the same through Hono, few headers",
    request: hello,
    connections: 32,
    pinned: true,
    servers: ["skitai", "skitai-hono", "hono"],
    bases: ["skitai", "hono"],
    bars: [{ server: "skitai-hono", base: "skitai", limit: 1.1 }],
  },
  "hello-100-mounts-20-hosts": {
    kind: "load",
    about: "100 mounts on 20 virtual hosts instead of one mount",
    request: { ...hello, path: "/app3/hello", host: "www7.example.com" },
    connections: 32,
    pinned: true,
    servers: ["skitai", "skitai-mounts"],
    bases: ["skitai"],
    bars: [{ server: "skitai-mounts", base: "skitai", limit: 1.05 }],
  },
  "static-1k": staticFile({
    about: "a file of 1 KiB",
    path: "/1k.css",
    bytes: 1024,
    bars: [{ server: "skitai-static", base: "nginx", limit: 0.8 }],
  }),
  "static-100k": staticFile({
    about: "a file of 100 KiB",
    path: "/100k.js",
    bytes: 100 * 1024,
    bars: [{ server: "skitai-static", base: "nginx", limit: 0.95 }],
  }),
  // Fewer connections: what is on the way at the end has cost the server and is not counted by wrk.
  "static-10m": staticFile({
    about: "a file of 10 MiB",
    path: "/10m.bin",
    bytes: 10 * 1024 * 1024,
    connections: 8,
    bars: [{ server: "skitai-static", base: "nginx", limit: 1 }],
  }),
  "hello-2-workers": {
    kind: "load",
    about: "hello from 2 workers",
    request: hello,
    connections: 64,
    pinned: false,
    servers: ["pm2", "raw-2", "skitai-2"],
    bases: ["pm2", "raw-2"],
    bars: [{ server: "skitai-2", base: "pm2", limit: 0.75 }],
  },
  "h2-hello": {
    kind: "load",
    client: "h2load",
    about: "hello by HTTP/2 over TLS",
    request: { ...hello, secure: true },
    connections: 32,
    pinned: true,
    servers: ["nginx-tls", "skitai-tls", "raw-tls"],
    bases: ["nginx-tls", "raw-tls"],
    bars: [{ server: "skitai-tls", base: "nginx-tls", limit: 1.3 }],
  },
  "h2c-hello": {
    kind: "load",
    client: "h2load",
    about: "hello by HTTP/2 without TLS, prior knowledge",
    request: hello,
    connections: 32,
    pinned: true,
    // Before 1.25.1 nginx knows a port of one kind only, and answers no HTTP/1.1 there: it could not be waited for.
    servers: ["skitai", "raw-h2"],
    bases: ["raw-h2"],
    bars: [],
  },
  "tls-handshakes": {
    kind: "load",
    client: "handshakes",
    about: "new connections over TLS, full handshakes; as many a CPU second as 0.8 of nginx's",
    request: { ...hello, secure: true },
    connections: 4,
    pinned: true,
    servers: ["nginx-tls", "skitai-tls", "raw-tls"],
    bases: ["nginx-tls", "raw-tls"],
    bars: [{ server: "skitai-tls", base: "nginx-tls", limit: 1.25 }],
  },
  ...callCases,
  ...edgeCases,
  ...realtimeCases,
  "memory-idle": {
    kind: "memory",
    about: "memory of an idle server with a Hono app",
    request: hello,
    servers: ["skitai-hono", "raw", "hono", "node", "fastify", "nginx", "caddy", "pm2"],
    bars: [
      { server: "skitai-hono", process: "master", limit: 40 },
      { server: "skitai-hono", process: "worker", limit: 45 },
    ],
  },
  start: {
    kind: "start",
    about: "from spawn to the first answer, 2 workers",
    request: hello,
    servers: ["skitai-2", "skitai-binary", "raw", "raw-2", "node", "fastify", "nginx", "caddy", "pm2"],
    bars: [
      { server: "skitai-2", limit: 400 },
      { server: "skitai-binary", limit: 250 },
    ],
  },
  "idle-master": {
    kind: "rest",
    about: "CPU of a server that nobody asks, 2 workers",
    request: hello,
    servers: ["skitai-2", "nginx", "raw"],
    bars: [{ server: "skitai-2", process: "master", limit: 0.05 }],
  },
};
