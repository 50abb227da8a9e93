import { callsUnderway } from "../corequest/control.ts";
import { resultCache } from "../corequest/result-cache.ts";
import type { HttpServer } from "../context.ts";
import { poolStates } from "../jobs/pools.ts";
import { onTraceback } from "../log/application.ts";
import { droppedLines } from "../log/sink.ts";
import { corequestCounts } from "../metrics/corequests.ts";
import { failures } from "../metrics/failures.ts";
import { LoopLag } from "../metrics/loop-lag.ts";
import { requestCounts } from "../metrics/requests.ts";
import type { Row, Snapshot } from "../metrics/snapshot.ts";
import { stateValues } from "../state/process.ts";
import { allClusters } from "../upstream/clusters.ts";
import { type MasterMessage, type SampleMessage, tell } from "./messages.ts";
import type { WorkerIndex } from "./quic.ts";

/** What the cache of a proxy says of itself. */
export interface CacheNumbers {
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
}

export interface StateParts {
  readonly index: WorkerIndex;
  readonly servers: readonly Pick<HttpServer, "pendingRequests" | "pendingWebSockets">[];
  readonly reply: { readonly served: number };
  /** `undefined` without a cache. */
  readonly cache: { stats(): CacheNumbers } | undefined;
}

/**
 * Says to the master what this worker has counted when it is asked; nothing of it is made before. Spec U2.
 * @returns says it once more, for the end
 */
export function reportState(parts: StateParts): () => Promise<void> {
  onTraceback((error) => failures.error(error));
  const lag = new LoopLag();
  const say = async (): Promise<void> => {
    const sample = await sampleOf(parts, lag);
    // Without a master this worker is on its way out.
    if (process.connected) tell(sample);
  };
  process.on("message", (message: MasterMessage) => message.type === "sample" && void say());
  return say;
}

async function sampleOf(parts: StateParts, lag: LoopLag): Promise<SampleMessage> {
  const jobs = await jobRows();
  return {
    type: "sample",
    ...failures.take(),
    states: stateValues(),
    snapshot: {
      ...requestRows(parts),
      ...upstreamRows(),
      ...cacheRows(parts.cache?.stats()),
      ...processRows(parts.index, lag),
      ...jobs,
    },
  };
}

const single = (value: number): Row[] => [[[], [value]]];
const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

const requestRows = ({ servers, reply }: StateParts): Snapshot => ({
  skitai_http_request_duration_seconds: requestCounts.durations,
  skitai_http_response_bytes_total: requestCounts.bytes,
  skitai_requests_total: single(reply.served),
  skitai_http_requests_in_flight: single(sum(servers.map((each) => each.pendingRequests))),
  skitai_websockets: single(sum(servers.map((each) => each.pendingWebSockets))),
});

function upstreamRows(): Snapshot {
  const now = Date.now();
  const members = [...allClusters()].flatMap((cluster) =>
    cluster.members.map((member) => ({ labels: [cluster.name, member.label], member })),
  );
  return {
    skitai_corequest_duration_seconds: corequestCounts.durations,
    skitai_corequests_in_flight: single(callsUnderway()),
    skitai_upstream_member_up: members.map(({ labels, member }) => [labels, [member.available(now) ? 1 : 0]]),
    skitai_upstream_member_calls: members.map(({ labels, member }) => [labels, [member.active]]),
  };
}

function cacheRows(cache: CacheNumbers | undefined): Snapshot {
  const { hits, misses, size } = resultCache;
  const results: Snapshot = {
    skitai_result_cache_total: [
      [["hit"], [hits]],
      [["miss"], [misses]],
    ],
    skitai_result_cache_entries: single(size),
  };
  if (cache === undefined) return results;
  return {
    ...results,
    skitai_http_cache_total: [
      [["hit"], [cache.hits]],
      [["miss"], [cache.misses]],
    ],
    skitai_http_cache_entries: single(cache.entries),
    skitai_http_cache_bytes: single(cache.bytes),
  };
}

async function jobRows(): Promise<Snapshot> {
  const pools = await poolStates();
  return {
    skitai_job_hosts: pools.map(({ kind, hosts }) => [[kind], [hosts]]),
    skitai_jobs_waiting: pools.map(({ kind, waiting }) => [[kind], [waiting]]),
  };
}

function processRows(index: WorkerIndex, lag: LoopLag): Snapshot {
  const worker = String(index);
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    skitai_event_loop_lag_seconds: [[[worker], [lag.longest / 1000]]],
    skitai_memory_bytes: [[[worker], [rss]]],
    skitai_heap_bytes: [[[worker], [heapUsed]]],
    skitai_cpu_seconds_total: single((user + system) / 1e6),
    skitai_log_lines_dropped_total: single(droppedLines()),
    skitai_errors_total: single(failures.count),
  };
}
