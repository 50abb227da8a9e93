import type { ClientName } from "./clients.ts";
import type { ServerName } from "./servers/registry.ts";

/** The one request a case repeats, and what tells a right answer from a wrong one. */
export interface Request {
  readonly path: string;
  /** `few`: Host only, as wrk sends. `browser`: Host and 12 more, as Chrome sends. */
  readonly headers: "few" | "browser";
  /** Host header, when not the address. */
  readonly host?: string;
  /** So many, `0` at the end of `path` and on, each in turn; default the one. */
  readonly paths?: number;
  readonly authorization?: string;
  /** By https, with a certificate that nobody checks. */
  readonly secure?: true;
  /** Length of the body that a 200 must have. */
  readonly bytes: number;
}

interface Common {
  readonly about: string;
  readonly request: Request;
  readonly servers: readonly ServerName[];
}

/** `of` of `server`, default its CPU per request, is to be at most `limit` times that of `base`; `stretch` is a wish beyond it. */
export interface RatioBar {
  readonly server: ServerName;
  readonly base: ServerName;
  readonly of?: "p99";
  readonly limit: number;
  readonly stretch?: number;
}

export interface LoadCase extends Common {
  readonly kind: "load";
  /** Default wrk. */
  readonly client?: ClientName;
  /** Connections at a time. */
  readonly connections: number;
  /** The server has CPU 0 and wrk CPU 1 for itself; otherwise both share all. */
  readonly pinned: boolean;
  /** Servers to give ratios to. */
  readonly bases: readonly ServerName[];
  readonly bars: readonly RatioBar[];
}

/** PSS in MB (10^6 bytes) of the first process or of the largest other one. */
export interface MemoryBar {
  readonly server: ServerName;
  readonly process: "master" | "worker";
  readonly limit: number;
}

/** Memory of a started server that has answered one request. */
export interface MemoryCase extends Common {
  readonly kind: "memory";
  readonly bars: readonly MemoryBar[];
}

/** Milliseconds. */
export interface StartBar {
  readonly server: ServerName;
  readonly limit: number;
}

/** Time from spawning to the first right answer. */
export interface StartCase extends Common {
  readonly kind: "start";
  readonly bars: readonly StartBar[];
}

/** MB (10^6 bytes) of PSS of all processes while one request is answered, above those at rest. */
export interface RiseBar {
  readonly server: ServerName;
  readonly limit: number;
}

/** Memory that one request takes, or so many websockets. */
export interface RiseCase extends Common {
  readonly kind: "rise";
  readonly connections?: number;
  /** What the connections are: websockets, or clients that have their answer to `request` and keep the connection. */
  readonly holds?: "clients";
  readonly bars: readonly RiseBar[];
}

/** Per cent of one CPU. */
export interface RestBar {
  readonly server: ServerName;
  readonly process: "master" | "worker";
  readonly limit: number;
}

/** CPU of a server that has nothing to do. */
export interface RestCase extends Common {
  readonly kind: "rest";
  readonly bars: readonly RestBar[];
}

/** One of the numbers of `server` is to be at most, or at least so much. */
export interface MeterBar {
  readonly server: ServerName;
  readonly number: string;
  readonly most?: number;
  readonly least?: number;
}

/** What servers measure by themselves. */
export interface MeterCase extends Common {
  readonly kind: "meter";
  /** Answers with numbers by name as JSON, `seconds` after it was asked. */
  readonly path: string;
  readonly bars: readonly MeterBar[];
}

export type Case = LoadCase | MemoryCase | StartCase | RiseCase | RestCase | MeterCase;
