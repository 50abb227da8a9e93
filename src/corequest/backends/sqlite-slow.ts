import { LRUCache } from "lru-cache";

/** Milliseconds that a statement may hold the event loop before it is known as slow. */
const limit = 10;
/** Fast runs after each other that make it a fast one again. */
const fastRuns = 10;
const maxTexts = 256;

/** Only these: what others set, like `pragma` and `attach`, is the connection's. */
const queries = /^\s*(?:select|with|values)\b/i;

/** Texts of queries that took long when they ran last: nothing but their past tells which ones do. */
export class SlowTexts {
  /** With the fast runs since the last slow one. */
  readonly #texts = new LRUCache<string, number>({ max: maxTexts });

  has(sql: string): boolean {
    return this.#texts.size > 0 && this.#texts.has(sql);
  }

  /** @param took milliseconds on the event loop */
  ranHere(sql: string, took: number): void {
    if (took > limit && queries.test(sql)) this.#texts.set(sql, 0);
  }

  /** @param took milliseconds in a thread */
  ranInThread(sql: string, took: number): void {
    const fast = this.#texts.get(sql);
    if (fast === undefined) return;
    if (took > limit / 2) this.#texts.set(sql, 0);
    else if (fast + 1 < fastRuns) this.#texts.set(sql, fast + 1);
    else this.#texts.delete(sql);
  }

  forget(sql: string): void {
    this.#texts.delete(sql);
  }
}
