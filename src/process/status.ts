import type { WorkerIndex } from "./quic.ts";

/** What a worker says of itself when it is asked. */
export interface WorkerReport {
  /** Requests answered since it started. */
  readonly requests: number;
  /** Resident bytes. */
  readonly memory: number;
}

export interface WorkerStatus extends Partial<WorkerReport> {
  /** `"quic"` is the one of HTTP/3. */
  readonly index: WorkerIndex;
  readonly pid: number;
  readonly state: "starting" | "serving" | "stopping";
  /** Seconds since it serves. */
  readonly uptime: number;
  /** How often its place was filled again after an end; not of one that takes a place, or has given it to the next. */
  readonly restarts?: number;
}

/** What `status --json` prints. A worker that does not answer has no `requests` and `memory`. Spec W6. */
export interface ServiceStatus {
  readonly name: string;
  /** Of the engine. */
  readonly version: string;
  /** The master's. */
  readonly pid: number;
  readonly state: "starting" | "ready" | "stopping";
  /** Seconds. */
  readonly uptime: number;
  readonly url: string;
  readonly workers: readonly WorkerStatus[];
}

/** For people. */
export function statusText({ name, version, pid, state, uptime, url, workers }: ServiceStatus): string {
  const rows = workers.map((each) => [
    `#${each.index}`,
    String(each.pid),
    each.state,
    span(each.uptime),
    each.requests === undefined ? "-" : String(each.requests),
    each.memory === undefined ? "-" : `${(each.memory / 1024 ** 2).toFixed(1)} MB`,
    each.restarts === undefined ? "-" : String(each.restarts),
  ]);
  return [
    `skitai/${name} (${version}) is ${state}: ${url}/, pid ${pid}, up ${span(uptime)}`,
    ...table(rows),
    "",
  ].join("\n");
}

const heads = ["worker", "pid", "state", "uptime", "requests", "memory", "restarts"];

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  return [heads, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

/** `3 d 4:05:06`. */
function span(seconds: number): string {
  const whole = Math.floor(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  const clock = [hours, minutes, whole % 60].map((part, index) =>
    String(part).padStart(index === 0 ? 1 : 2, "0"),
  );
  return `${days > 0 ? `${days} d ` : ""}${clock.join(":")}`;
}
