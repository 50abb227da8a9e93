import { type MetricName, metricRow } from "./table.ts";

/** Label values in the order of the metric's row, and a number; of a histogram its buckets with the sum (ms) behind them. */
export type Row = readonly [labels: readonly string[], values: readonly number[]];

/** What one process has counted; plain data, it goes from process to process as JSON. */
export type Snapshot = { readonly [Name in MetricName]?: readonly Row[] };

export const rowsOf = (snapshot: Snapshot, name: MetricName): readonly Row[] => snapshot[name] ?? [];

const namesOf = (snapshot: Snapshot): MetricName[] => Object.keys(snapshot) as MetricName[];

/** What outlives its process: all but gauges. */
export const lasting = (snapshot: Snapshot): Snapshot =>
  Object.fromEntries(
    namesOf(snapshot)
      .filter((name) => metricRow(name).type !== "gauge")
      .map((name) => [name, snapshot[name]]),
  );

/** Row by row; gauges too. */
export function added(snapshots: readonly Snapshot[]): Snapshot {
  const sums: { [Name in MetricName]?: Row[] } = {};
  for (const name of new Set(snapshots.flatMap(namesOf))) {
    const byLabels = new Map<string, Row>();
    for (const snapshot of snapshots)
      for (const [labels, values] of rowsOf(snapshot, name)) {
        const key = JSON.stringify(labels);
        const before = byLabels.get(key)?.[1];
        byLabels.set(key, [labels, before ? values.map((value, at) => value + before[at]!) : values]);
      }
    sums[name] = [...byLabels.values()];
  }
  return sums;
}
