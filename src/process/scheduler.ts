import type { Schedule } from "../config/schedule-options.ts";

/** How a run ended: `cut` with its worker, `skipped` because the one before it was still going on. */
export type RunOutcome = "ok" | "failed" | "cut" | "skipped";

export interface LastRun {
  /** When it was due, ms since the epoch. */
  readonly time: number;
  readonly outcome: RunOutcome;
  /** ms it took. */
  readonly took: number;
}

/** Who runs what now: the worker that is asked, and what its version of the script says. */
export interface Leader<Worker> {
  readonly worker: Worker;
  readonly schedules: readonly Schedule[];
}

export interface SchedulerParts<Worker> {
  /** ms since the epoch. */
  now(): number;
  /** The first time after `after`, ms; `undefined` when none comes. */
  next(schedule: Schedule, after: number): number | undefined;
  /** Has `tick` called at this time, and not at the one that was said before. */
  wake(time: number | undefined): void;
  leader(): Leader<Worker> | undefined;
  /** Has the worker run it; `ended` or `gone` is called once for each `run`. */
  start(worker: Worker, run: number, schedule: Schedule, time: number): void;
  /** A run is over, or was not begun. */
  ended(name: string, last: LastRun, error?: string): void;
}

interface Run<Worker> {
  readonly name: string;
  readonly worker: Worker;
  readonly time: number;
  readonly begun: number;
}

/** A time that is over for longer (ms) is not made up. */
const lateness = 60_000;

/**
 * Decides in the master when what is to run, so that it runs once, whatever becomes of workers. Nothing is kept of a schedule
 * but how far the clock was looked at: a reload may change what it likes. A run that its worker did not survive is not
 * repeated, it may have done half of what it does; the next time comes. Spec U5.
 */
export class Scheduler<Worker> {
  readonly #parts: SchedulerParts<Worker>;
  readonly #runs = new Map<number, Run<Worker>>();
  #number = 0;
  /** All times until here were looked at. */
  #seen: number;

  constructor(parts: SchedulerParts<Worker>) {
    this.#parts = parts;
    this.#seen = parts.now();
  }

  /** Names of what runs now. */
  get running(): ReadonlySet<string> {
    return new Set([...this.#runs.values()].map(({ name }) => name));
  }

  /** Another worker leads, or another version. */
  refresh(): void {
    this.tick();
  }

  tick(): void {
    const { now, leader, next, wake } = this.#parts;
    const time = now();
    const found = leader();
    // Nobody is there: what is due now is the next one's, if that comes soon.
    if (found === undefined) return wake(undefined);
    const seen = Math.max(Math.min(this.#seen, time), time - lateness);
    this.#seen = time;
    let soonest: number | undefined;
    for (const schedule of found.schedules) {
      const due = next(schedule, seen);
      if (due !== undefined && due <= time) this.#start(found.worker, schedule, due);
      const coming = next(schedule, time);
      if (coming !== undefined) soonest = Math.min(soonest ?? coming, coming);
    }
    wake(soonest);
  }

  #start(worker: Worker, schedule: Schedule, time: number): void {
    const { name, overlap } = schedule;
    if (!overlap && this.running.has(name))
      return this.#parts.ended(name, { time, outcome: "skipped", took: 0 });
    const run = ++this.#number;
    this.#runs.set(run, { name, worker, time, begun: this.#parts.now() });
    this.#parts.start(worker, run, schedule, time);
  }

  /** @param error why it failed */
  ended(run: number, error?: string): void {
    this.#end(run, error === undefined ? "ok" : "failed", error);
  }

  /** A worker is gone, and what it ran with it. */
  gone(worker: Worker): void {
    for (const [run, { worker: own }] of [...this.#runs]) if (own === worker) this.#end(run, "cut");
  }

  #end(number: number, outcome: RunOutcome, error?: string): void {
    const run = this.#runs.get(number);
    if (run === undefined) return;
    this.#runs.delete(number);
    const took = Math.max(0, this.#parts.now() - run.begun);
    this.#parts.ended(run.name, { time: run.time, outcome, took }, error);
  }
}
