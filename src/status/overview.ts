import type { ErrorRecord, FailedRequest } from "../metrics/failures.ts";
import type { Moment } from "../metrics/history.ts";

/** What the status page shows, and what it gives as JSON. Times are ms since the epoch, spans seconds unless said. Spec U1. */
export interface Overview {
  readonly time: number;
  readonly name: string;
  /** Of the engine. */
  readonly version: string;
  readonly pid: number;
  readonly state: "starting" | "ready" | "stopping";
  readonly uptime: number;
  readonly url: string;
  readonly workers: readonly WorkerRow[];
  readonly traffic: Traffic;
  readonly mounts: readonly MountRow[];
  readonly upstreams: readonly MemberRow[];
  readonly corequests: readonly CorequestRow[];
  readonly caches: readonly CacheRow[];
  readonly jobs: readonly JobRow[];
  readonly states: Readonly<Record<string, number>>;
  readonly schedules: readonly ScheduleRow[];
  /** What other rooms add, like the mail queue. */
  readonly sections: readonly Section[];
  /** Newest first. */
  readonly errors: readonly OperatorError[];
  readonly failedRequests: readonly (FailedRequest & { readonly worker: string })[];
  /** Since the start of the service. */
  readonly restarts: number;
  readonly reloads: number;
  readonly failedReloads: number;
  readonly droppedLines: number;
}

export interface WorkerRow {
  /** `"quic"` is the one of HTTP/3. */
  readonly index: number | "quic";
  readonly pid: number;
  readonly state: "starting" | "serving" | "stopping";
  readonly uptime: number;
  readonly requests: number | undefined;
  /** Requests in a second, lately. */
  readonly rate: number | undefined;
  /** Resident bytes. */
  readonly memory: number | undefined;
  /** Share of one CPU, lately. */
  readonly cpu: number | undefined;
  /** Longest delay of its event loop lately, ms. */
  readonly lag: number | undefined;
  readonly restarts: number | undefined;
}

export interface Traffic {
  readonly requests: number;
  readonly inFlight: number;
  readonly websockets: number;
  readonly corequests: number;
  /** Seconds between two moments. */
  readonly interval: number;
  /** Oldest first, ten minutes of them at most. */
  readonly moments: readonly Moment[];
}

export interface MountRow {
  readonly mount: string;
  readonly requests: number;
  /** Answered with 4xx and 5xx. */
  readonly refused: number;
  readonly failed: number;
  readonly bytes: number;
  /** ms */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

export interface MemberRow {
  readonly alias: string;
  readonly member: string;
  /** Share of the workers that send calls to it. */
  readonly up: number;
  /** Calls in progress. */
  readonly calls: number;
}

export interface CorequestRow {
  readonly alias: string;
  readonly calls: number;
  readonly failed: number;
  /** ms */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

export interface CacheRow {
  readonly name: string;
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number | undefined;
}

export interface JobRow {
  readonly kind: string;
  readonly hosts: number;
  readonly waiting: number;
}

export interface ScheduleRow {
  readonly name: string;
  readonly cron: string;
  readonly timezone: string | undefined;
  readonly running: boolean;
  /** The next three. */
  readonly next: readonly number[];
  readonly last: { readonly time: number; readonly outcome: string; readonly took: number } | undefined;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
}

export interface OperatorError extends ErrorRecord {
  /** `0`, `quic`. */
  readonly worker: string;
}
