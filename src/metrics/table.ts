/** Upper ends of the buckets of durations, ms; what took longer is in one more bucket. */
export const bounds = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000] as const;

interface MetricRow {
  /** A counter and a histogram only grow, over the deaths of workers too. A gauge goes with its worker. */
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** How what several workers say becomes one number, default `sum`. */
  readonly merge?: "sum" | "max" | "average";
}

/** Everything that `/metrics` tells; label values are of what the script declared, never a client's. Spec U2. */
export const metricTable = {
  skitai_http_request_duration_seconds: {
    type: "histogram",
    help: "Time from a request's arrival to the last byte of its answer",
    labels: ["mount", "class"],
  },
  skitai_http_response_bytes_total: {
    type: "counter",
    help: "Bytes of answer bodies",
    labels: ["mount", "class"],
  },
  skitai_requests_total: { type: "counter", help: "Requests answered, on all ports", labels: [] },
  skitai_http_requests_in_flight: { type: "gauge", help: "Requests being answered", labels: [] },
  skitai_websockets: { type: "gauge", help: "Open websockets", labels: [] },
  skitai_corequest_duration_seconds: {
    type: "histogram",
    help: "Time that calls to backends took",
    labels: ["alias", "outcome"],
  },
  skitai_corequests_in_flight: { type: "gauge", help: "Calls to backends under way", labels: [] },
  skitai_upstream_member_up: {
    type: "gauge",
    help: "Share of the workers that send calls to this member",
    labels: ["alias", "member"],
    merge: "average",
  },
  skitai_upstream_member_calls: {
    type: "gauge",
    help: "Calls in progress at this member",
    labels: ["alias", "member"],
  },
  skitai_result_cache_total: {
    type: "counter",
    help: "Calls that asked for a kept result",
    labels: ["outcome"],
  },
  skitai_result_cache_entries: { type: "gauge", help: "Results that are kept", labels: [] },
  skitai_http_cache_total: {
    type: "counter",
    help: "Requests that the cache of a proxy answered, or not",
    labels: ["outcome"],
  },
  skitai_http_cache_entries: { type: "gauge", help: "Answers in the memory of the cache", labels: [] },
  skitai_http_cache_bytes: { type: "gauge", help: "Memory of the cache", labels: [] },
  skitai_job_hosts: { type: "gauge", help: "Threads and processes that run jobs", labels: ["kind"] },
  skitai_jobs_waiting: { type: "gauge", help: "Jobs that wait for a host", labels: ["kind"] },
  skitai_event_loop_lag_seconds: {
    type: "gauge",
    help: "Longest delay of a timer in the last ten seconds",
    labels: ["worker"],
    merge: "max",
  },
  skitai_memory_bytes: { type: "gauge", help: "Resident memory", labels: ["worker"] },
  skitai_heap_bytes: { type: "gauge", help: "Memory of the JavaScript heap in use", labels: ["worker"] },
  skitai_cpu_seconds_total: { type: "counter", help: "CPU time of the workers", labels: [] },
  skitai_log_lines_dropped_total: {
    type: "counter",
    help: "Log lines that could not be written",
    labels: [],
  },
  skitai_errors_total: { type: "counter", help: "Errors in the logs, with their stacks", labels: [] },
  skitai_workers: { type: "gauge", help: "Workers that serve", labels: [] },
  skitai_worker_restarts_total: {
    type: "counter",
    help: "Workers started again after their end",
    labels: [],
  },
  skitai_reloads_total: { type: "counter", help: "Reloads of the service", labels: ["outcome"] },
  skitai_scheduled_runs_total: {
    type: "counter",
    help: "Runs of sched(), by how they ended",
    labels: ["name", "outcome"],
  },
  skitai_uptime_seconds: { type: "gauge", help: "Time since the start of the service", labels: [] },
} as const satisfies Record<`skitai_${string}`, MetricRow>;

export type MetricName = keyof typeof metricTable;

export const metricRow = (name: MetricName): MetricRow => metricTable[name];
