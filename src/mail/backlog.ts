import type { Entry } from "./entry-name.ts";
import { nameOf } from "./entry-name.ts";
import type { Spool } from "./spool.ts";

/** A mail that is due, in its spool. */
export interface Due {
  readonly spool: Spool;
  readonly entry: Entry;
}

interface Lane {
  /** The next one last. */
  readonly waiting: Due[];
  active: number;
}

/** What is kept in memory of a queue of any length, in all and of one lane; the rest stays on the disk. */
const most = 8192;
const mostOfLane = 512;

/** The mails that are tried next, by lane: one after the other from each, so that none is kept waiting by another. */
export class Backlog {
  readonly #lanes = new Map<string, Lane>();
  /** Waiting or active, by directory and name. */
  readonly #known = new Set<string>();
  readonly #tried = new Set<string>();
  /** Found again while they were tried: perhaps put back under the same name. */
  readonly #again = new Set<string>();
  #waiting = 0;
  /** Those of which more was found than fits. */
  readonly #more = new Set<Lane>();
  #overflow = false;

  get waiting(): number {
    return this.#waiting;
  }

  get active(): number {
    return this.#known.size - this.#waiting;
  }

  /** Little is left of what did not fit: time to look again. */
  get wanting(): boolean {
    if (this.#overflow && this.#waiting < most / 4) return true;
    for (const { waiting } of this.#more) if (waiting.length < mostOfLane / 4) return true;
    return false;
  }

  /** A look at everything begins. */
  begin(): void {
    this.#overflow = false;
    this.#more.clear();
  }

  /** @returns false when it does not fit */
  add(due: Due, laneName: string): boolean {
    const key = keyOf(due);
    if (this.#known.has(key)) {
      if (this.#tried.has(key)) this.#again.add(key);
      return true;
    }
    let lane = this.#lanes.get(laneName);
    if (this.#waiting >= most) this.#overflow = true;
    else if (lane && lane.waiting.length >= mostOfLane) this.#more.add(lane);
    if (this.#waiting >= most || (lane && lane.waiting.length >= mostOfLane)) return false;
    if (lane === undefined) this.#lanes.set(laneName, (lane = { waiting: [], active: 0 }));
    // The disk gives them in any order, a moment mostly in its own.
    lane.waiting.unshift(due);
    this.#known.add(key);
    this.#waiting += 1;
    return true;
  }

  /** The next one of the lane that is its turn; each lane has at most `limit` active ones. */
  take(limit: number): { due: Due; lane: string } | undefined {
    for (const [name, lane] of this.#lanes) {
      if (lane.waiting.length === 0 || lane.active >= limit) continue;
      const due = lane.waiting.pop()!;
      lane.active += 1;
      this.#tried.add(keyOf(due));
      this.#waiting -= 1;
      // Last in line from now on.
      this.#lanes.delete(name);
      this.#lanes.set(name, lane);
      return { due, lane: name };
    }
    return undefined;
  }

  done(due: Due, laneName: string): void {
    const key = keyOf(due);
    this.#known.delete(key);
    this.#tried.delete(key);
    const lane = this.#lanes.get(laneName);
    if (lane !== undefined) {
      lane.active -= 1;
      if (lane.active === 0 && lane.waiting.length === 0) this.#lanes.delete(laneName);
    }
    if (this.#again.delete(key)) this.add(due, laneName);
  }

  /** Forgets what waits: it is on the disk. */
  clear(): void {
    for (const [name, lane] of this.#lanes) {
      for (const due of lane.waiting.splice(0)) this.#known.delete(keyOf(due));
      if (lane.active === 0) this.#lanes.delete(name);
    }
    this.#waiting = 0;
  }
}

const keyOf = ({ spool, entry }: Due): string => `${spool.directory}/${nameOf(entry)}`;
