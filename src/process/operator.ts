import { keptFailures } from "../metrics/failures.ts";
import { History } from "../metrics/history.ts";
import { Ring } from "../metrics/ring.ts";
import { added, type Snapshot } from "../metrics/snapshot.ts";
import { exposition } from "../metrics/exposition.ts";
import type { OperatorError, Overview, Section, WorkerRow } from "../status/overview.ts";
import type { Cron } from "./cron.ts";
import type { Desk, WorkerView } from "./desk.ts";
import type { SampleMessage } from "./messages.ts";
import { single, subjects } from "./overview.ts";
import type { ServiceStatus, WorkerStatus } from "./status.ts";

/** Milliseconds between two looks at what workers count. */
const interval = 5000;
/** How long (ms) a worker may be too busy to say what it counts: what it said last holds then. */
const patience = 500;

/** What the master itself knows. */
export interface Watched {
  status(): Promise<ServiceStatus>;
  /** Since the start. */
  readonly reloads: { readonly ok: number; readonly failed: number };
}

interface Rates {
  readonly time: number;
  readonly requests: number;
  readonly cpu: number;
  readonly rate: number | undefined;
  readonly share: number | undefined;
}

/** The service in numbers: it asks all workers every five seconds, and remembers ten minutes. Spec U1, U2. */
export class Operator {
  readonly #watched: Watched;
  readonly #desk: Desk;
  readonly #cron: Cron;
  readonly #history = new History();
  readonly #errors = new Ring<OperatorError>(keptFailures);
  readonly #requests = new Ring<Overview["failedRequests"][number]>(keptFailures);
  readonly #rates = new WeakMap<WorkerView, Rates>();
  readonly #sections: (() => Promise<Section | undefined>)[] = [];
  #states: Readonly<Record<string, number>> = {};
  #asking: Promise<void> | undefined;

  constructor(watched: Watched, desk: Desk, cron: Cron) {
    this.#watched = watched;
    this.#desk = desk;
    this.#cron = cron;
    setInterval(() => void this.#look(), interval).unref();
  }

  /** One more part of the status page; `undefined` when there is nothing to show. */
  addSection(section: () => Promise<Section | undefined>): void {
    this.#sections.push(section);
  }

  sampled(worker: WorkerView, { errors, requests, states, snapshot }: SampleMessage): void {
    const name = String(worker.index);
    this.#errors.push(...errors.map((each) => ({ ...each, worker: name })));
    this.#requests.push(...requests.map((each) => ({ ...each, worker: name })));
    this.#states = states;
    this.#rate(worker, snapshot);
  }

  /** Text for Prometheus. */
  async metrics(): Promise<string> {
    await this.#ask();
    return exposition([...this.#desk.ledger.all, this.#own(await this.#watched.status())]);
  }

  async overview(): Promise<Overview> {
    const [status] = await Promise.all([this.#watched.status(), this.#ask()]);
    const sum = added(this.#desk.ledger.all);
    const sections = await Promise.all(this.#sections.map((each) => each().catch(() => undefined)));
    const { ok, failed } = this.#watched.reloads;
    return {
      ...status,
      time: Date.now(),
      workers: status.workers.map((each) => this.#workerRow(each)),
      traffic: {
        requests: single(sum, "skitai_requests_total"),
        inFlight: single(sum, "skitai_http_requests_in_flight"),
        websockets: single(sum, "skitai_websockets"),
        corequests: single(sum, "skitai_corequests_in_flight"),
        interval: interval / 1000,
        moments: this.#history.moments,
      },
      ...subjects(sum, this.#desk.serving.length),
      states: this.#states,
      schedules: this.#cron.rows,
      sections: sections.filter((each) => each !== undefined),
      errors: newestFirst(this.#errors.items),
      failedRequests: newestFirst(this.#requests.items),
      restarts: this.#desk.deaths,
      reloads: ok,
      failedReloads: failed,
      droppedLines: single(sum, "skitai_log_lines_dropped_total"),
    };
  }

  /** Who asks meanwhile gets the same answers. */
  #ask(): Promise<void> {
    this.#asking ??= this.#desk.sample(patience).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #look(): Promise<void> {
    await this.#ask();
    this.#history.look(added(this.#desk.ledger.all), performance.now());
  }

  #rate(worker: WorkerView, snapshot: Snapshot): void {
    const time = performance.now();
    const [requests, cpu] = [
      single(snapshot, "skitai_requests_total"),
      single(snapshot, "skitai_cpu_seconds_total"),
    ];
    const before = this.#rates.get(worker);
    const seconds = before === undefined ? 0 : (time - before.time) / 1000;
    // Who looks at the page asks more often; rates of less than a second are nervous.
    if (before !== undefined && seconds < 1) return;
    const per = (now: number, then: number | undefined): number | undefined =>
      then === undefined ? undefined : (now - then) / seconds;
    const [rate, share] = [per(requests, before?.requests), per(cpu, before?.cpu)];
    this.#rates.set(worker, { time, requests, cpu, rate, share });
  }

  #workerRow(status: WorkerStatus): WorkerRow {
    const { index, pid, state, uptime, requests, memory, restarts } = status;
    const worker = this.#desk.serving.find((each) => each.pid === pid);
    const rates = worker && this.#rates.get(worker);
    const lag = worker && single(this.#desk.ledger.of(worker), "skitai_event_loop_lag_seconds") * 1000;
    const { rate, share: cpu } = rates ?? {};
    return { index, pid, state, uptime, requests, rate, memory, cpu, lag, restarts };
  }

  #own({ uptime, workers }: ServiceStatus): Snapshot {
    const { ok, failed } = this.#watched.reloads;
    const serving = workers.filter(({ state }) => state === "serving").length;
    return {
      skitai_workers: [[[], [serving]]],
      skitai_worker_restarts_total: [[[], [this.#desk.deaths]]],
      skitai_reloads_total: [
        [["ok"], [ok]],
        [["failed"], [failed]],
      ],
      skitai_scheduled_runs_total: this.#cron.counts,
      skitai_uptime_seconds: [[[], [uptime]]],
    };
  }
}

/** Each worker's come in their order, but not all of them. */
const newestFirst = <Item extends { readonly time: number }>(items: readonly Item[]): Item[] =>
  items.toSorted((one, other) => other.time - one.time);
