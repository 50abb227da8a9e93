import { Ledger } from "../metrics/ledger.ts";
import type { Schedule } from "../config/schedule-options.ts";
import type { MasterMessage, SampleMessage, WorkerMessage } from "./messages.ts";
import type { WorkerIndex } from "./quic.ts";

/** A worker as those see it who ask it things. */
export interface WorkerView {
  readonly index: WorkerIndex;
  readonly pid: number;
  /** ms since it serves, 0 before. */
  readonly servedFor: number;
  /** It was told to end. */
  readonly stopping: boolean;
}

/** Told of what workers say and become. */
export interface DeskListener {
  sampled(worker: WorkerView, sample: SampleMessage): void;
  /** It serves, or is gone: another one may lead. */
  changed(): void;
  ran(run: number, error: string | undefined): void;
  gone(worker: WorkerView): void;
  /** It asks for what the status page shows. */
  asked(reply: (message: MasterMessage) => void, id: number): void;
  wished(wish: "restart" | "shutdown"): void;
}

interface Seat {
  readonly send: (message: MasterMessage) => void;
  schedules: readonly Schedule[];
  /** Of the samples that are asked for. */
  sampled: PromiseWithResolvers<void> | undefined;
}

/** Where a master hears its workers about things that are not of their life: numbers, schedules, wishes. */
export class Desk {
  readonly ledger = new Ledger<WorkerView>();
  /** Workers that ended without being told to. */
  deaths = 0;
  readonly #seats = new Map<WorkerView, Seat>();
  #listener: DeskListener | undefined;

  listen(listener: DeskListener): void {
    this.#listener = listener;
  }

  opened(worker: WorkerView, send: (message: MasterMessage) => void): void {
    this.#seats.set(worker, { send, schedules: [], sampled: undefined });
    this.ledger.opened(worker);
  }

  ready(): void {
    this.#listener?.changed();
  }

  closed(worker: WorkerView): void {
    if (!worker.stopping) this.deaths++;
    this.#seats.get(worker)?.sampled?.resolve();
    this.#seats.delete(worker);
    this.ledger.closed(worker);
    this.#listener?.gone(worker);
    this.#listener?.changed();
  }

  /** What a worker said last may be heard after its end: it counts. @returns whether this was for the desk */
  heard(worker: WorkerView, message: WorkerMessage): boolean {
    const seat = this.#seats.get(worker);
    switch (message.type) {
      case "sample":
        this.ledger.report(worker, message.snapshot);
        this.#listener?.sampled(worker, message);
        seat?.sampled?.resolve();
        return true;
      case "schedules":
        if (seat !== undefined) seat.schedules = message.schedules;
        return true;
      case "ran":
        this.#listener?.ran(message.run, message.error);
        return true;
      case "overview":
        if (seat !== undefined) this.#listener?.asked(seat.send, message.id);
        return true;
      case "wish":
        this.#listener?.wished(message.wish);
        return true;
      default:
        return false;
    }
  }

  /** Those that serve. */
  get serving(): readonly WorkerView[] {
    return [...this.#seats.keys()].filter(({ servedFor }) => servedFor > 0);
  }

  schedulesOf(worker: WorkerView): readonly Schedule[] {
    return this.#seats.get(worker)?.schedules ?? [];
  }

  send(worker: WorkerView, message: MasterMessage): void {
    this.#seats.get(worker)?.send(message);
  }

  /** Resolves when all have said what they count, or `patience` (ms) is over. */
  async sample(patience: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patience);
    const answers = this.serving.map((worker) => this.#ask(this.#seats.get(worker)!));
    await Promise.race([promise, Promise.all(answers)]);
    clearTimeout(timer);
  }

  #ask(seat: Seat): Promise<void> {
    if (seat.sampled === undefined) {
      const waiting = Promise.withResolvers<void>();
      seat.sampled = waiting;
      void waiting.promise.then(() => (seat.sampled = undefined));
      seat.send({ type: "sample" });
    }
    return seat.sampled.promise;
  }
}

/** Of the one service that a master has. */
export const desk = new Desk();
