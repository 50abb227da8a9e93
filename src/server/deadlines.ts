/** Something that must end or move on in time. */
export interface Deadline {
  /** Milliseconds since the epoch; moved on with every progress. */
  at: number;
  expire(): void;
}

/**
 * Deadlines of what is pending: one coarse timer for all, since a timer for each request costs more than the request's
 * own bookkeeping. A deadline expires at most `grain` late.
 */
export class Deadlines {
  readonly #pending = new Set<Deadline>();
  readonly #grain: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param grain milliseconds between two looks */
  constructor(grain = 500) {
    this.#grain = grain;
  }

  add(deadline: Deadline): void {
    this.#pending.add(deadline);
    this.#timer ??= setInterval(() => this.#look(), this.#grain);
  }

  delete(deadline: Deadline): void {
    this.#pending.delete(deadline);
  }

  get size(): number {
    return this.#pending.size;
  }

  #look(): void {
    const now = Date.now();
    for (const deadline of this.#pending) {
      if (deadline.at > now) continue;
      this.#pending.delete(deadline);
      deadline.expire();
    }
    if (this.#pending.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
