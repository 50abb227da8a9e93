/** The last `most` of what was put in. */
export class Ring<Item> {
  readonly #most: number;
  #items: Item[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  push(...items: readonly Item[]): void {
    this.#items.push(...items);
    // Not at each one: moving them all costs more than a few too many.
    if (this.#items.length > 2 * this.#most) this.#items = this.#items.slice(-this.#most);
  }

  /** Oldest first. */
  get items(): readonly Item[] {
    return this.#items.slice(-this.#most);
  }

  /** All there are; none is left. */
  take(): readonly Item[] {
    const { items } = this;
    this.#items = [];
    return items;
  }
}
