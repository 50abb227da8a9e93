import type { Server } from "../server.ts";
import { bun } from "./bun.ts";
import { calls } from "./calls.ts";
import { caddy } from "./caddy.ts";
import { edge } from "./edge.ts";
import { nginx } from "./nginx.ts";
import { node } from "./node.ts";
import { realtime } from "./realtime.ts";
import { skitai } from "./skitai.ts";

const named = { ...skitai, ...bun, ...nginx, ...caddy, ...node, ...calls, ...edge, ...realtime };

export type ServerName = keyof typeof named;

/** Every server a case can name. */
export const servers: Readonly<Record<ServerName, Server>> = named;

export const serverNames = Object.keys(named) as ServerName[];
