/** Something that ends when nothing moves. */
export interface Watched {
  /** ms without a move. */
  readonly limit: number;
  /** Any number that changes when something moved. */
  readonly moved: () => number;
  readonly expire: () => void;
}

interface Entry {
  at: number;
  since: number;
}

/** Ends what is idle. Traffic pays nothing for it: counters are looked at now and then. */
export class IdleWatch {
  readonly #entries = new Map<Watched, Entry>();
  readonly #interval: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param limits ms, for how often it looks */
  constructor(...limits: readonly number[]) {
    this.#interval = Math.max(20, Math.min(1000, ...limits.map((limit) => limit / 4)));
  }

  add(watched: Watched): void {
    this.#entries.set(watched, { at: watched.moved(), since: performance.now() });
    this.#timer ??= setInterval(() => this.#look(), this.#interval).unref();
  }

  delete(watched: Watched): void {
    this.#entries.delete(watched);
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = performance.now();
    for (const [watched, entry] of this.#entries) {
      const at = watched.moved();
      if (at !== entry.at) {
        entry.at = at;
        entry.since = now;
      } else if (now - entry.since >= watched.limit) {
        entry.since = now;
        watched.expire();
      }
    }
  }
}
