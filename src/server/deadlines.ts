/** Something that must end or move on in time. */
export interface Deadline {
  /** Milliseconds since the epoch; moved on with every progress. */
  at: number;
  /** Index among what is pending, for `Deadlines` alone. */
  place?: number;
  expire(): void;
}

/**
 * Deadlines of what is pending: one coarse timer for all, since a timer for each request costs more than the request's
 * own bookkeeping. A deadline expires at most `grain` late.
 */
export class Deadlines {
  /** In no order: a set costs more than a place in a list. */
  readonly #pending: Deadline[] = [];
  readonly #grain: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param grain milliseconds between two looks */
  constructor(grain = 500) {
    this.#grain = grain;
  }

  /** One that is pending already stays. */
  add(deadline: Deadline): void {
    if (this.#has(deadline)) return;
    deadline.place = this.#pending.push(deadline) - 1;
    this.#timer ??= setInterval(() => this.#look(), this.#grain);
  }

  delete(deadline: Deadline): void {
    if (!this.#has(deadline)) return;
    const place = deadline.place!;
    const last = this.#pending.pop()!;
    if (last === deadline) return;
    this.#pending[place] = last;
    last.place = place;
  }

  get size(): number {
    return this.#pending.length;
  }

  #has(deadline: Deadline): boolean {
    const { place } = deadline;
    return place !== undefined && this.#pending[place] === deadline;
  }

  #look(): void {
    const now = Date.now();
    // A copy: those that expire leave, and may take others with them.
    for (const deadline of [...this.#pending]) {
      if (deadline.at > now || !this.#has(deadline)) continue;
      this.delete(deadline);
      deadline.expire();
    }
    if (this.#pending.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
