import { countOf, overflow, sumCell } from "./durations.ts";
import { type Row, rowsOf, type Snapshot } from "./snapshot.ts";
import { bounds, metricRow, metricTable, type MetricName } from "./table.ts";

export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** A metric as prom-client's `getMetricsAsJSON` gives it. */
interface Exposed {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly ExposedValue[];
}

interface ExposedValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/** What Prometheus reads, merged over processes by prom-client, which is loaded when the first one asks. */
export async function exposition(snapshots: readonly Snapshot[]): Promise<string> {
  const { AggregatorRegistry } = await import("prom-client");
  return AggregatorRegistry.aggregate(snapshots.map(exposed)).metrics();
}

const names = Object.keys(metricTable) as MetricName[];

const exposed = (snapshot: Snapshot): Exposed[] =>
  names.flatMap((name) => {
    const rows = rowsOf(snapshot, name);
    if (rows.length === 0) return [];
    const { help, type, merge = "sum" } = metricRow(name);
    const valuesOf = type === "histogram" ? histogramValues : singleValue;
    return [{ name, help, type, aggregator: merge, values: rows.flatMap((row) => valuesOf(name, row)) }];
  });

const labelsOf = (name: MetricName, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(metricRow(name).labels.map((label, at) => [label, values[at] ?? ""]));

const singleValue = (name: MetricName, [labels, [value = 0]]: Row): ExposedValue[] => [
  { value, labels: labelsOf(name, labels) },
];

function histogramValues(name: MetricName, [labels, cells]: Row): ExposedValue[] {
  const own = labelsOf(name, labels);
  let count = 0;
  const buckets = bounds.map((bound, place): ExposedValue => {
    count += cells[place] ?? 0;
    return { value: count, labels: { le: bound / 1000, ...own }, metricName: `${name}_bucket` };
  });
  const all = count + (cells[overflow] ?? 0);
  return [
    ...buckets,
    { value: all, labels: { le: "+Inf", ...own }, metricName: `${name}_bucket` },
    { value: (cells[sumCell] ?? 0) / 1000, labels: own, metricName: `${name}_sum` },
    { value: countOf(cells), labels: own, metricName: `${name}_count` },
  ];
}
