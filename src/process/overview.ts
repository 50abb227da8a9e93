import { countOf, quantile } from "../metrics/durations.ts";
import { type Row, rowsOf, type Snapshot } from "../metrics/snapshot.ts";
import type { MetricName } from "../metrics/table.ts";
import type { CacheRow, CorequestRow, JobRow, MemberRow, MountRow, Overview } from "../status/overview.ts";

/** The number of a metric that has no labels. */
export const single = (snapshot: Snapshot, name: MetricName): number =>
  rowsOf(snapshot, name).reduce((sum, [, [value = 0]]) => sum + value, 0);

/** What the counts of all workers say, by subject. */
export function subjects(
  sum: Snapshot,
  workers: number,
): Pick<Overview, "mounts" | "upstreams" | "corequests" | "caches" | "jobs"> {
  return {
    mounts: mountRows(sum),
    upstreams: memberRows(sum, workers),
    corequests: corequestRows(sum),
    caches: cacheRows(sum),
    jobs: jobRows(sum),
  };
}

const durations = "skitai_http_request_duration_seconds";

function mountRows(sum: Snapshot): MountRow[] {
  const bytes = Map.groupBy(rowsOf(sum, "skitai_http_response_bytes_total"), firstLabel);
  return [...Map.groupBy(rowsOf(sum, durations), firstLabel)].map(([mount, rows]) => {
    const inClass = (name: string): number =>
      countOf(rows.find(([[, status]]) => status === name)?.[1] ?? []);
    const cells = together(rows);
    return {
      mount,
      requests: countOf(cells),
      refused: inClass("4xx"),
      failed: inClass("5xx"),
      bytes: (bytes.get(mount) ?? []).reduce((all, [, [value = 0]]) => all + value, 0),
      p50: quantile(cells, 0.5),
      p99: quantile(cells, 0.99),
    };
  });
}

function memberRows(sum: Snapshot, workers: number): MemberRow[] {
  const calls = rowsOf(sum, "skitai_upstream_member_calls");
  return rowsOf(sum, "skitai_upstream_member_up").map(([labels, [up = 0]], place) => ({
    alias: labels[0]!,
    member: labels[1]!,
    up: workers === 0 ? 0 : Math.min(1, up / workers),
    calls: calls[place]?.[1][0] ?? 0,
  }));
}

function corequestRows(sum: Snapshot): CorequestRow[] {
  const byAlias = Map.groupBy(rowsOf(sum, "skitai_corequest_duration_seconds"), firstLabel);
  return [...byAlias].map(([alias, rows]) => {
    const cells = together(rows);
    const calls = countOf(cells);
    const ok = countOf(rows.find(([[, outcome]]) => outcome === "ok")?.[1] ?? []);
    return { alias, calls, failed: calls - ok, p50: quantile(cells, 0.5), p99: quantile(cells, 0.99) };
  });
}

function cacheRows(sum: Snapshot): CacheRow[] {
  const row = (
    name: string,
    outcomes: MetricName,
    entries: MetricName,
    bytes: MetricName | undefined,
  ): CacheRow[] => {
    const of = (outcome: string): number =>
      rowsOf(sum, outcomes).find(([[label]]) => label === outcome)?.[1][0] ?? 0;
    const [hits, misses] = [of("hit"), of("miss")];
    if (rowsOf(sum, entries).length === 0) return [];
    return [{ name, hits, misses, entries: single(sum, entries), bytes: bytes && single(sum, bytes) }];
  };
  return [
    ...row("results", "skitai_result_cache_total", "skitai_result_cache_entries", undefined),
    ...row("proxy", "skitai_http_cache_total", "skitai_http_cache_entries", "skitai_http_cache_bytes"),
  ];
}

function jobRows(sum: Snapshot): JobRow[] {
  const waiting = rowsOf(sum, "skitai_jobs_waiting");
  return rowsOf(sum, "skitai_job_hosts").map(([labels, [hosts = 0]]) => ({
    kind: labels[0]!,
    hosts,
    waiting: waiting.find(([[kind]]) => kind === labels[0])?.[1][0] ?? 0,
  }));
}

const firstLabel = ([labels]: Row): string => labels[0]!;

function together(rows: readonly Row[]): readonly number[] {
  return rows
    .map(([, cells]) => cells)
    .reduce((sum, cells) => cells.map((value, at) => value + (sum[at] ?? 0)), []);
}
