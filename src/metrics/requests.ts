import { countDuration, countOf, durationCells } from "./durations.ts";
import type { Row } from "./snapshot.ts";

const classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const bytesCell = durationCells;
/** Numbers of one status class of one mount. */
const width = durationCells + 1;

/** What a request that no mount answered is counted under. */
export const unmounted = "(none)";

/** More mounts than this are counted as one. */
const most = 500;

/**
 * Requests by mount and status class. A request costs a look into a map and four additions in memory that is there already:
 * names and objects are made when somebody asks. Spec U2.
 */
export class RequestCounts {
  readonly #mounts = new Map<string, Float64Array>();

  /**
   * @param point of the mount, `""` for `/`
   * @param ms from arrival to the last byte
   */
  count(point: string, status: number, ms: number, bytes: number): void {
    const cells = this.#mounts.get(point) ?? this.#add(point);
    const at = (status >= 100 && status < 600 ? Math.floor(status / 100) - 1 : 4) * width;
    countDuration(cells, at, ms);
    if (bytes > 0) cells[at + bytesCell]! += bytes;
  }

  #add(point: string): Float64Array {
    const name = this.#mounts.size < most ? point : unmounted;
    const cells = this.#mounts.get(name) ?? new Float64Array(classes.length * width);
    this.#mounts.set(name, cells);
    return cells;
  }

  /** What was counted, by mount and class. */
  get durations(): Row[] {
    return this.#rows((cells) => cells.slice(0, durationCells));
  }

  get bytes(): Row[] {
    return this.#rows((cells) => [cells[bytesCell]!]);
  }

  #rows(taken: (cells: readonly number[]) => readonly number[]): Row[] {
    const rows: Row[] = [];
    for (const [point, cells] of this.#mounts)
      for (const [place, name] of classes.entries()) {
        const own = [...cells.subarray(place * width, (place + 1) * width)];
        if (countOf(own) > 0) rows.push([[point || "/", name], taken(own)]);
      }
    return rows;
  }
}

/** The one of this process. */
export const requestCounts = new RequestCounts();
