import { bounds } from "./table.ts";

/** Numbers of one histogram: a bucket for each bound, one for what took longer, then the sum of all, ms. */
export const durationCells = bounds.length + 2;
export const overflow = bounds.length;
export const sumCell = bounds.length + 1;

/** Counts one duration of a histogram that starts at `at`; called for every request. */
export function countDuration(cells: Float64Array, at: number, ms: number): void {
  let bucket = 0;
  while (bucket < overflow && ms > bounds[bucket]!) bucket++;
  cells[at + bucket]!++;
  cells[at + sumCell]! += ms;
}

/** Durations that were counted. */
export function countOf(cells: readonly number[]): number {
  let count = 0;
  for (let bucket = 0; bucket <= overflow; bucket++) count += cells[bucket] ?? 0;
  return count;
}

/**
 * The duration (ms) that `share` of all stay below, by a straight line within its bucket; `undefined` when nothing was
 * counted.
 */
export function quantile(cells: readonly number[], share: number): number | undefined {
  const wanted = countOf(cells) * share;
  if (wanted === 0) return undefined;
  let before = 0;
  for (let bucket = 0; bucket < overflow; bucket++) {
    const inside = cells[bucket] ?? 0;
    if (inside > 0 && before + inside >= wanted) {
      const low = bounds[bucket - 1] ?? 0;
      return low + ((wanted - before) / inside) * (bounds[bucket]! - low);
    }
    before += inside;
  }
  return bounds.at(-1);
}
