import { countDuration, countOf, durationCells } from "./durations.ts";
import type { Row } from "./snapshot.ts";

/** How a call to a backend ended. */
export const outcomes = ["ok", "refused", "unsent", "timeout", "network", "cancelled"] as const;
export type CallOutcome = (typeof outcomes)[number];

const placeOf: Readonly<Record<CallOutcome, number>> = Object.fromEntries(
  outcomes.map((name, place) => [name, place * durationCells]),
) as Record<CallOutcome, number>;

/** More aliases than this are counted as one. */
const most = 500;
/** Calls to URLs and jobs, which are not of an alias. */
const nameless = "(other)";

/** Calls to backends by alias and outcome. An alias starts with `@`: URLs, which a client may have a say in, are one. Spec U2. */
export class CorequestCounts {
  readonly #aliases = new Map<string, Float64Array>();

  /** @param ms since the call was made */
  count(alias: string, outcome: CallOutcome, ms: number): void {
    const name = alias.charCodeAt(0) === 64 ? alias : nameless;
    countDuration(this.#aliases.get(name) ?? this.#add(name), placeOf[outcome], ms);
  }

  #add(alias: string): Float64Array {
    const name = this.#aliases.size < most ? alias : nameless;
    const cells = this.#aliases.get(name) ?? new Float64Array(outcomes.length * durationCells);
    this.#aliases.set(name, cells);
    return cells;
  }

  get durations(): Row[] {
    const rows: Row[] = [];
    for (const [alias, cells] of this.#aliases)
      for (const outcome of outcomes) {
        const own = [...cells.subarray(placeOf[outcome], placeOf[outcome] + durationCells)];
        if (countOf(own) > 0) rows.push([[alias, outcome], own]);
      }
    return rows;
  }
}

/** The one of this process. */
export const corequestCounts = new CorequestCounts();
