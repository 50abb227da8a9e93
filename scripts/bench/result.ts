import type { LoadCase, MemoryCase, MeterCase, RestCase, RiseCase, StartCase } from "./case.ts";
import type { ServerName } from "./servers/registry.ts";

/** One round of load on one server. */
export interface Sample {
  readonly requests: number;
  /** Requests per second. */
  readonly rate: number;
  /** Latency, ms. */
  readonly p99: number;
  /** Microseconds of CPU for each request, all processes of the server together. */
  readonly cpu: number;
  /** Part of the time that wrk was busy: near 1 it is wrk that limits the rate. */
  readonly loadBusy: number;
  /** CPUs taken meanwhile by processes that are neither the server nor wrk. */
  readonly others: number;
}

/** A server that could not be run, or went wrong on the way, and why. */
export interface Skipped {
  readonly server: ServerName;
  readonly reason: string;
}

export interface LoadServer {
  readonly server: ServerName;
  /** In order of rounds; as many for every server. */
  readonly samples: readonly Sample[];
  /** Bytes of PSS of each process after the last round, the first process first. */
  readonly memory: readonly number[];
}

export interface MemoryServer {
  readonly server: ServerName;
  /** Bytes of PSS, medians over starts. */
  readonly master: number;
  /** The largest of the other processes; undefined when there is one process only. */
  readonly worker: number | undefined;
  readonly total: number;
  readonly processes: number;
}

export interface StartServer {
  readonly server: ServerName;
  /** Milliseconds of each start. */
  readonly times: readonly number[];
}

export interface RiseServer {
  readonly server: ServerName;
  /** Bytes of each start. */
  readonly rises: readonly number[];
}

export interface RestServer {
  readonly server: ServerName;
  /** Per cent of a CPU by process, the first one first. */
  readonly percents: readonly number[];
}

export interface MeterServer {
  readonly server: ServerName;
  /** Numbers by name, of each round. */
  readonly samples: readonly Readonly<Record<string, number>>[];
}

interface Common {
  readonly name: string;
  readonly skipped: readonly Skipped[];
}

export interface LoadResult extends Common {
  readonly kind: "load";
  readonly case: LoadCase;
  readonly servers: readonly LoadServer[];
}

export interface MemoryResult extends Common {
  readonly kind: "memory";
  readonly case: MemoryCase;
  readonly servers: readonly MemoryServer[];
}

export interface StartResult extends Common {
  readonly kind: "start";
  readonly case: StartCase;
  readonly servers: readonly StartServer[];
}

export interface RiseResult extends Common {
  readonly kind: "rise";
  readonly case: RiseCase;
  readonly servers: readonly RiseServer[];
}

export interface RestResult extends Common {
  readonly kind: "rest";
  readonly case: RestCase;
  readonly servers: readonly RestServer[];
}

export interface MeterResult extends Common {
  readonly kind: "meter";
  readonly case: MeterCase;
  readonly servers: readonly MeterServer[];
}

export type Result = LoadResult | MemoryResult | StartResult | RiseResult | RestResult | MeterResult;
