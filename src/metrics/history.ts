import { countOf, durationCells, quantile } from "./durations.ts";
import { Ring } from "./ring.ts";
import { rowsOf, type Snapshot } from "./snapshot.ts";

/** What happened between two looks. */
export interface Moment {
  /** Requests in a second. */
  readonly rate: number;
  /** Answers of 5xx in a second. */
  readonly failures: number;
  /** Durations (ms) that half of the requests, 95 % and 99 % stay below; `undefined` when there were none. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
}

interface Total {
  readonly time: number;
  readonly durations: readonly number[];
  readonly failures: number;
}

/** Looks that are kept: ten minutes of one in five seconds. */
const moments = 120;

/** The last minutes of a service. */
export class History {
  readonly #moments = new Ring<Moment>(moments);
  #last: Total | undefined;

  /** @param time ms, of a clock that is never set back */
  look(sum: Snapshot, time: number): void {
    const total = totalOf(sum, time);
    const before = this.#last;
    this.#last = total;
    const seconds = before === undefined ? 0 : (time - before.time) / 1000;
    if (before === undefined || seconds <= 0) return;
    const cells = total.durations.map((count, at) => count - before.durations[at]!);
    this.#moments.push({
      rate: countOf(cells) / seconds,
      failures: (total.failures - before.failures) / seconds,
      p50: quantile(cells, 0.5),
      p95: quantile(cells, 0.95),
      p99: quantile(cells, 0.99),
    });
  }

  get moments(): readonly Moment[] {
    return this.#moments.items;
  }
}

function totalOf(sum: Snapshot, time: number): Total {
  const durations = Array.from({ length: durationCells }, () => 0);
  let failures = 0;
  for (const [[, status], cells] of rowsOf(sum, "skitai_http_request_duration_seconds")) {
    if (status === "5xx") failures += countOf(cells);
    for (let at = 0; at < durationCells; at++) durations[at]! += cells[at] ?? 0;
  }
  return { time, durations, failures };
}
