import type { Case, MeterCase, Request } from "./case.ts";

const hello: Request = { path: "/", headers: "few", bytes: 11 };

const meter = (about: string, path: string, bars: MeterCase["bars"]): MeterCase => ({
  kind: "meter",
  about,
  request: hello,
  path,
  servers: ["skitai-meters"],
  bars,
});

/** Websockets, and what workers share; a request is a message. */
export const realtimeCases: Readonly<Record<string, Case>> = {
  "ws-echo": {
    kind: "load",
    client: "echo",
    about: "messages of 32 bytes that are sent back",
    request: hello,
    connections: 64,
    pinned: true,
    servers: ["raw-sockets", "skitai-sockets", "node-ws"],
    bases: ["raw-sockets", "node-ws"],
    bars: [
      { server: "skitai-sockets", base: "raw-sockets", limit: 1.15 },
      { server: "skitai-sockets", base: "node-ws", limit: 0.7 },
    ],
  },
  "ws-broadcast": {
    kind: "load",
    client: "room",
    about: "a room of all, ten messages at a time; for each delivery",
    request: hello,
    connections: 1000,
    pinned: true,
    servers: ["raw-sockets", "skitai-sockets"],
    bases: ["raw-sockets"],
    bars: [{ server: "skitai-sockets", base: "raw-sockets", limit: 1.2 }],
  },
  "ws-broadcast-2": {
    kind: "load",
    client: "room",
    about: "the same on 2 workers, every message once",
    request: hello,
    connections: 1000,
    pinned: true,
    servers: ["skitai-sockets", "skitai-sockets-2"],
    bases: ["skitai-sockets"],
    bars: [
      { server: "skitai-sockets-2", base: "skitai-sockets", limit: 1.2 },
      { server: "skitai-sockets-2", base: "skitai-sockets", of: "p99", limit: 3 },
    ],
  },
  "ws-idle": {
    kind: "rise",
    about: "memory of 19,000 websockets where nothing is said; 8 KiB each are 156 MB",
    request: hello,
    // A process may often have no more than 20,000 files open.
    connections: 19_000,
    servers: ["raw-sockets", "skitai-sockets", "node-ws"],
    bars: [{ server: "skitai-sockets", limit: (19_000 * 8192) / 1e6 }],
  },
  events: meter("events of one worker to another", "/events", [
    { server: "skitai-meters", number: "ms to another worker, p50", most: 0.3 },
    { server: "skitai-meters", number: "events/s", least: 50_000 },
  ]),
  words: meter("integers that workers share", "/words", [
    { server: "skitai-meters", number: "getgs ns", most: 50 },
  ]),
  locks: meter("locks that workers share, taken and given back", "/locks", []),
};
