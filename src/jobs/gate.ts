import { SkitaiError } from "../errors.ts";

/** Lets so many in at once; others wait in the order they came. */
export class Gate {
  readonly #size: number;
  readonly #most: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  /**
   * @param size who may be inside at once
   * @param most who may wait
   */
  constructor(size: number, most: number) {
    this.#size = size;
    this.#most = most;
  }

  /**
   * Resolves when there is room; whoever has come in calls `leave` once.
   * @param cut rejects when it is given up
   * @throws SkitaiError JOB_OVERLOADED when too many wait
   */
  async enter(name: string, cut: Promise<never>): Promise<void> {
    if (this.#inside < this.#size) {
      this.#inside += 1;
      return;
    }
    if (this.#waiting.size >= this.#most)
      throw new SkitaiError("JOB_OVERLOADED", { name, accepted: `${this.#most} wait already` });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await Promise.race([promise, cut]);
    } catch (error) {
      // It may have been let in and given up at once.
      if (!this.#waiting.delete(resolve)) this.leave();
      throw error;
    }
  }

  /** The place goes to the next one. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inside -= 1;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
