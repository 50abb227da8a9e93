import type { Steering } from "./sql-driver.ts";

/** A few at a time, in the order they came. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly #others: string;
  #free: number;

  /** @param others whom one waits for, for errors */
  constructor(places = 1, others = "others that write") {
    this.#free = places;
    this.#others = others;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether one would have to wait. */
  get taken(): boolean {
    return this.#free === 0;
  }

  /** Resolves when it is one's turn: give it back by what it resolves to. Rejects when `control` is over before. */
  take(control: Pick<Steering, "onCancel">): Promise<() => void> {
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const turn = (): void => {
      let given = false;
      resolve(() => {
        if (given) return;
        given = true;
        this.#next();
      });
    };
    if (this.#free > 0) {
      this.#free--;
      turn();
      return promise;
    }
    this.#waiting.push(turn);
    control.onCancel(() => {
      const at = this.#waiting.indexOf(turn);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      reject(new Error(`waited for ${this.#others}`));
    });
    return promise;
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
