import type { Moment } from "../metrics/history.ts";
import { milliseconds, number, percent, size } from "./format.ts";
import { escaped } from "./html.ts";
import type { Overview, WorkerRow } from "./overview.ts";

const width = 240;
const height = 44;
/** Moments that the width stands for at least: two minutes. */
const leastPlaces = 24;

/** Numbers of the last minutes as a line, the newest at the right edge. */
function sparkline(values: readonly (number | undefined)[], label: string, kind = ""): string {
  const top = Math.max(...values.map((value) => value ?? 0), 0);
  const step = width / (Math.max(values.length, leastPlaces) - 1);
  const start = width - (values.length - 1) * step;
  const points = values.map((value, at) => {
    const y = top === 0 ? height - 1 : height - 1 - ((value ?? 0) / top) * (height - 4);
    return `${(start + at * step).toFixed(1)},${y.toFixed(1)}`;
  });
  const first = Math.max(0, start).toFixed(1);
  const area = points.length > 1 ? `M${first},${height}L${points.join("L")}L${width},${height}Z` : "";
  const line = points.length > 1 ? `M${points.join("L")}` : "";
  return `<svg class="spark ${kind}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${escaped(label)}"><path class="area" d="${area}"/><path class="line" d="${line}"/></svg>`;
}

const tile = (title: string, value: string, more: string, spark = ""): string =>
  `<div class="tile"><h3>${title}</h3><p class="value">${value}</p><p class="more">${more}</p>${spark}</div>`;

/** Requests, durations and failures of the last minutes. */
export function trafficView({ traffic, workers }: Overview): string {
  const { moments, inFlight, websockets, corequests, requests } = traffic;
  const last = moments.at(-1);
  const most = (of: (moment: Moment) => number | undefined): number | undefined =>
    moments.length === 0 ? undefined : Math.max(...moments.map((each) => of(each) ?? 0));
  const recent = moments.findLast(({ p95 }) => p95 !== undefined);
  const sum = (of: (worker: WorkerRow) => number | undefined): number =>
    workers.reduce((all, each) => all + (of(each) ?? 0), 0);
  const used = `${size(sum(({ memory }) => memory))} memory · ${percent(sum(({ cpu }) => cpu))} of a CPU`;
  const open = `${number(websockets)} websockets · ${number(corequests)} calls to backends`;
  return `<div class="tiles">${[
    tile(
      "Requests per second",
      number(last?.rate),
      `peak ${number(most(({ rate }) => rate))} · ${number(requests)} in all`,
      sparkline(
        moments.map(({ rate }) => rate),
        "Requests per second of the last minutes",
      ),
    ),
    tile(
      "95 % answered within",
      milliseconds(recent?.p95),
      `half ${milliseconds(recent?.p50)} · 99 % ${milliseconds(recent?.p99)}`,
      sparkline(
        moments.map(({ p95 }) => p95),
        "95th percentile of the last minutes",
        "second",
      ),
    ),
    tile(
      "Failures per second",
      number(last?.failures),
      `<a href="?view=failures">answers of 5xx</a> · peak ${number(most(({ failures }) => failures))}`,
      sparkline(
        moments.map(({ failures }) => failures),
        "Failures per second of the last minutes",
        "third",
      ),
    ),
    tile("In flight", number(inFlight), `${open}<br>${used}`),
  ].join("")}</div>`;
}
