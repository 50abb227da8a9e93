import { added, lasting, type Snapshot } from "./snapshot.ts";

interface Account {
  last: Snapshot;
  /** When it ended, ms; `undefined` while it lives. */
  ended: number | undefined;
}

/** What a worker said last may be heard so long (ms) after its end. */
const lateness = 2000;

/**
 * What all workers of a service have counted, those that are gone included: sums never go down. Who does not answer counts
 * with what it said last. Holds one snapshot for each living worker and one for all dead ones. Spec U2.
 */
export class Ledger<Worker extends object> {
  readonly #accounts = new Map<Worker, Account>();
  readonly #clock: () => number;
  #gone: Snapshot = {};

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  opened(worker: Worker): void {
    this.#accounts.set(worker, { last: {}, ended: undefined });
  }

  report(worker: Worker, snapshot: Snapshot): void {
    const account = this.#accounts.get(worker);
    if (account !== undefined) account.last = snapshot;
  }

  closed(worker: Worker): void {
    const account = this.#accounts.get(worker);
    if (account !== undefined) account.ended = this.#clock();
    this.#fold();
  }

  /** Of one worker that lives. */
  of(worker: Worker): Snapshot {
    return this.#accounts.get(worker)?.last ?? {};
  }

  /** One for each living worker, with its gauges, and what the dead have left. */
  get all(): readonly Snapshot[] {
    this.#fold();
    const accounts = [...this.#accounts.values()];
    return [this.#gone, ...accounts.map(({ last, ended }) => (ended === undefined ? last : lasting(last)))];
  }

  /** Those that nothing more will be heard of. */
  #fold(): void {
    const limit = this.#clock() - lateness;
    for (const [worker, { last, ended }] of this.#accounts) {
      if (ended === undefined || ended > limit) continue;
      this.#gone = added([this.#gone, lasting(last)]);
      this.#accounts.delete(worker);
    }
  }
}
