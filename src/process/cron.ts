import type { Schedule } from "../config/schedule-options.ts";
import type { Row } from "../metrics/snapshot.ts";
import type { ScheduleRow } from "../status/overview.ts";
import type { Desk, WorkerView } from "./desk.ts";
import { type LastRun, type Leader, type RunOutcome, Scheduler } from "./scheduler.ts";
import { note } from "./worker-slot.ts";

/** The longest a timer may sleep (ms): a clock that is set is noticed then. */
const nap = 60_000;
/** Names that are counted, over all reloads. */
const mostNames = 1000;

/** What `sched` has declared, run by one worker of the service at a time. Spec U5. */
export class Cron {
  readonly #desk: Desk;
  readonly #stopping: () => boolean;
  readonly #scheduler: Scheduler<WorkerView>;
  readonly #last = new Map<string, LastRun>();
  readonly #counts = new Map<string, Record<RunOutcome, number>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param stopping whether the service is: nothing begins then */
  constructor(desk: Desk, stopping: () => boolean) {
    this.#desk = desk;
    this.#stopping = stopping;
    this.#scheduler = new Scheduler({
      now: Date.now,
      next: nextTime,
      wake: (time) => this.#wake(time),
      leader: () => this.#leader(),
      start: (worker, run, { name }, time) => desk.send(worker, { type: "run", run, name, time }),
      ended: (name, last, error) => this.#ended(name, last, error),
    });
  }

  changed(): void {
    this.#scheduler.refresh();
  }

  ran(run: number, error: string | undefined): void {
    this.#scheduler.ended(run, error);
  }

  gone(worker: WorkerView): void {
    this.#scheduler.gone(worker);
  }

  /** What is declared now, with its next times. */
  get rows(): readonly ScheduleRow[] {
    const { running } = this.#scheduler;
    return (this.#leader()?.schedules ?? []).map((schedule) => {
      const { name, cron, timezone } = schedule;
      const next = [...nextTimes(schedule, Date.now(), 3)];
      return { name, cron, timezone, running: running.has(name), next, last: this.#last.get(name) };
    });
  }

  get counts(): readonly Row[] {
    return [...this.#counts].flatMap(([name, outcomes]) =>
      Object.entries(outcomes).map(([outcome, count]): Row => [[name, outcome], [count]]),
    );
  }

  /** Of the workers with the lowest number the one that came last: in a reload it is the one that stays. */
  #leader(): Leader<WorkerView> | undefined {
    if (this.#stopping()) return undefined;
    const [worker] = this.#desk.serving
      .filter(({ index, stopping }) => index !== "quic" && !stopping)
      .sort((one, other) => Number(one.index) - Number(other.index) || one.servedFor - other.servedFor);
    return worker && { worker, schedules: this.#desk.schedulesOf(worker) };
  }

  #wake(time: number | undefined): void {
    clearTimeout(this.#timer);
    if (time === undefined) return;
    // Timers may be a little early, and a time that is not there yet is no time.
    const wait = Math.min(Math.max(time - Date.now(), 0) + 1, nap);
    this.#timer = setTimeout(() => this.#scheduler.tick(), wait).unref();
  }

  #ended(name: string, last: LastRun, error: string | undefined): void {
    const { outcome } = last;
    if (outcome !== "skipped" || !this.#last.has(name)) this.#last.set(name, last);
    const counts = this.#counts.get(name) ?? { ok: 0, failed: 0, cut: 0, skipped: 0 };
    counts[outcome]++;
    if (this.#counts.has(name) || this.#counts.size < mostNames) this.#counts.set(name, counts);
    if (outcome === "failed") note(`scheduled "${name}" failed: ${error}`);
    else if (outcome === "cut") note(`scheduled "${name}" was cut: its worker ended`);
    else if (outcome === "skipped") note(`scheduled "${name}" was skipped: it still runs`);
  }
}

const nextTime = (schedule: Schedule, after: number): number | undefined =>
  nextTimes(schedule, after, 1).next().value ?? undefined;

/** The first `count` times after `after`, ms. */
function* nextTimes({ cron, timezone }: Schedule, after: number, count: number): Generator<number> {
  const zone = timezone === undefined ? {} : { tz: timezone };
  for (let at = after; count > 0; count--) {
    const next = Bun.cron.parse(cron, at, zone);
    if (next === null) return;
    yield (at = next.getTime());
  }
}
