import { isExiting } from "../system/process-table.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** How long (ms) a busy worker may take to answer before another way is taken. */
const patience = 5000;

/**
 * The workers of the SO_REUSEPORT group in the kernel's order: that of their listen(), and the last one moves into the place
 * of one that leaves. What is not certain any more is `undefined`, and is never steered to. Spec W4.
 */
export class ReuseportGroup {
  #places: (WorkerHandle | undefined)[] = [];
  readonly #living = new Set<WorkerHandle>();
  readonly #closing = new Set<WorkerHandle>();
  #turn: Promise<unknown> = Promise.resolve();

  /** One change of the group after another. */
  exclusively<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(act);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Lets a worker that has opened its mounts bind. Only within `exclusively`. @returns false when it ended before */
  async bind(worker: WorkerHandle): Promise<boolean> {
    await Promise.all([...this.#living].filter(({ pid }) => isExiting(pid)).map(({ exited }) => exited));
    worker.bind();
    if (!(await worker.ready)) return false;
    this.#places.push(worker);
    this.#living.add(worker);
    // Who ends while another one binds may have left before or behind it.
    this.#checkOrder();
    void worker.exited.then(() => this.#remove(worker));
    return true;
  }

  /**
   * Takes workers out without losing a connection: the group is steered away from them, their answers close connections,
   * and when nothing is on its way to them they close their sockets. They then finish what they do. Only within `exclusively`.
   */
  async dismiss(workers: readonly WorkerHandle[]): Promise<void> {
    const leaving = workers.filter((worker) => this.#living.has(worker));
    for (const worker of leaving) this.#closing.add(worker);
    await this.#steer();
    await Promise.all(leaving.map((worker) => worker.ask({ type: "drain" }, "quiet", patience)));
    for (const worker of leaving) {
      await this.#steer(true);
      await worker.leave(patience);
      this.#remove(worker);
      this.#closing.delete(worker);
    }
    await this.#release();
  }

  /** @param moving the last place is about to move into a freed one */
  async #steer(moving = false): Promise<void> {
    const size = this.#places.length;
    // Behind the last leave every socket is right, and an index out of range is the kernel's hash.
    const end = moving && this.#closing.size > 1 ? size - 1 : size;
    const closing = this.#places.flatMap((worker, place) =>
      worker !== undefined && !this.#closing.has(worker) && place < end ? [] : [place],
    );
    if (closing.length === size) return this.#release();
    await this.#order({ type: "steer", size, closing });
  }

  #release(): Promise<void> {
    return this.#order({ type: "steer", size: 0, closing: [] });
  }

  /** Any socket of the group can set the program of all: the newest that answers. */
  async #order(message: { type: "steer"; size: number; closing: readonly number[] }): Promise<void> {
    for (const worker of [...this.#living].reverse()) {
      if (this.#closing.has(worker)) continue;
      if (await worker.ask(message, "steered", patience)) return;
    }
  }

  #remove(worker: WorkerHandle): void {
    if (!this.#living.delete(worker)) return;
    const known = this.#places.indexOf(worker);
    const last = this.#places.pop();
    if (known >= 0 && known < this.#places.length) this.#places[known] = last;
    if (this.#places.length === 1) this.#places = [...this.#living];
    this.#checkOrder();
    if (this.#closing.size > 0 && !this.#closing.has(worker)) void this.#steer(true);
  }

  /** Another one that is ending may have been before this change in the kernel's order, or behind it. */
  #checkOrder(): void {
    if ([...this.#living].some(({ pid }) => isExiting(pid))) this.#places = this.#places.map(() => undefined);
  }
}
