import { LRUCache } from "lru-cache";
import { processWords } from "../state/process.ts";
import type { Result } from "./result.ts";
import { STA_NORMAL } from "./status.ts";
import type { Task } from "./task.ts";

/** Whether and how a kept result may be used. Spec Q6. */
export interface CacheUse {
  /**
   * `true`: one that is not over; a time (s since the epoch): only a younger one; names of `registerCacheKeys`: only one that is
   * younger than their last `setlu`. Default `true` for HTTP and RPC, `false` for databases.
   */
  useCache?: boolean | number | string | readonly string[];
  /** Names whose kept results are over now, on every worker; the call itself uses none. */
  rmCache?: string | readonly string[];
}

interface Kept {
  /** `undefined` when it is over: the key stays known, so that only one of equal calls goes out when it is wanted again. */
  result: Result<unknown> | undefined;
  /** When its call was made, ms. What changed meanwhile makes it old. */
  readonly time: number;
  until: number;
  readonly bytes: number;
}

/** The largest result that is kept, of all that is kept. */
const share = 8;

/** Results of equal calls; one for each worker, bounded by entries and bytes. */
export class ResultCache {
  #entries: LRUCache<string, Kept>;
  readonly #underway = new Map<string, Task<unknown>>();
  readonly #maxBytes: number;
  /** Calls that found a result, and that found none. */
  hits = 0;
  misses = 0;

  constructor(maxEntries = 100, maxBytes = 64 * 1024 ** 2) {
    this.#maxBytes = maxBytes;
    this.#entries = entries(maxEntries, maxBytes);
  }

  /** The most results that are kept, default 100. Those that are kept already stay as far as there is room. */
  resize(maxEntries: number): void {
    const before = this.#entries;
    this.#entries = entries(maxEntries, this.#maxBytes);
    this.#entries.load(before.dump());
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether a key was ever kept: nobody pays for a key otherwise. */
  get inUse(): boolean {
    return this.#entries.size > 0;
  }

  /** A result that may be used. */
  find(key: string, use: NonNullable<CacheUse["useCache"]>): Result<unknown> | undefined {
    const found = this.#find(key, use);
    if (found === undefined) this.misses++;
    else this.hits++;
    return found;
  }

  #find(key: string, use: NonNullable<CacheUse["useCache"]>): Result<unknown> | undefined {
    // Also where nothing is kept: a wrong name is to be known at once.
    const least = oldest(use);
    const kept = this.#entries.get(key);
    if (kept?.result === undefined) return undefined;
    if (Date.now() >= kept.until) {
      kept.result = undefined;
      return undefined;
    }
    return kept.time > least ? kept.result : undefined;
  }

  /** An equal call that is under way and young enough. */
  underway(key: string, use: NonNullable<CacheUse["useCache"]>): Task<unknown> | undefined {
    const task = this.#underway.get(key);
    return task !== undefined && task.started > oldest(use) ? task : undefined;
  }

  /** Whether equal calls shall wait for one: its result was kept before, or is asked for by name. */
  isShared(key: string, use: NonNullable<CacheUse["useCache"]>): boolean {
    return use !== true || this.#entries.has(key);
  }

  announce(key: string, task: Task<unknown>): void {
    this.#underway.set(key, task);
    void task.wait().then(() => {
      if (this.#underway.get(key) === task) this.#underway.delete(key);
    });
  }

  /** @param time when the call was made, ms @param seconds how long it may be used */
  keep(
    key: string,
    result: Result<unknown>,
    time: number,
    seconds: number,
    statusCodes: readonly number[] = [200],
  ): void {
    if (!(seconds > 0) || result.status !== STA_NORMAL || result.error !== undefined) return;
    if (!statusCodes.includes(result.statusCode)) return;
    const bytes = sizeOf(result.data);
    if (bytes > this.#maxBytes / share) return;
    freeze(result.data);
    this.#entries.set(key, { result, time, until: Date.now() + seconds * 1000, bytes });
  }
}

const entries = (max: number, maxSize: number): LRUCache<string, Kept> =>
  new LRUCache({ max, maxSize, sizeCalculation: ({ bytes }, key) => bytes + 2 * key.length + 200 });

/** A result must be younger, ms. */
function oldest(use: NonNullable<CacheUse["useCache"]>): number {
  if (use === true) return 0;
  if (use === false) return Number.POSITIVE_INFINITY;
  if (typeof use === "number") return use * 1000;
  const [name, ...others] = [use].flat();
  return name === undefined ? Number.POSITIVE_INFINITY : processWords().getlu(name, ...others) * 1000;
}

/** What one request changed in it, all others would see. */
function freeze(data: unknown): void {
  const prototype: unknown = typeof data === "object" && data !== null && Object.getPrototypeOf(data);
  const plain = Array.isArray(data) || prototype === Object.prototype || prototype === null;
  if (!plain || Object.isFrozen(data)) return;
  Object.freeze(data);
  for (const value of Object.values(data as object)) freeze(value);
}

/** Bytes that data takes, about. */
function sizeOf(data: unknown): number {
  if (typeof data === "string") return 2 * data.length;
  if (data instanceof Uint8Array) return data.byteLength;
  try {
    return 2 * (JSON.stringify(data, bigintAsText)?.length ?? 0);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

const bigintAsText = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}` : value;

/** The one of this process. */
export const resultCache = new ResultCache();
