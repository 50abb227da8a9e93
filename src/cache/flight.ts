/**
 * How a fetch that others wait for ended, for them: `kept`, it is in the store; `stale`, the upstream failed and what is
 * stored may stand in; `alone`, the answer is for nobody else; `failed`, there is none.
 */
export type Outcome = "kept" | "stale" | "alone" | "failed";

/** A fetch on its way, and who waits for what it brings. */
export class Flight {
  /** The purge clock when it began. */
  readonly born: number;
  #waiting = 0;
  readonly #end = Promise.withResolvers<Outcome>();
  readonly #ended: () => void;

  constructor(born: number, ended: () => void) {
    this.born = born;
    this.#ended = ended;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** The first call counts. */
  end(outcome: Outcome): void {
    this.#ended();
    this.#end.resolve(outcome);
  }

  /** @returns `late` after `milliseconds` */
  async wait(milliseconds: number): Promise<Outcome | "late"> {
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), Math.max(0, milliseconds));
    this.#waiting++;
    try {
      return await Promise.race([this.#end.promise, late.promise]);
    } finally {
      this.#waiting--;
      clearTimeout(timer);
    }
  }
}
