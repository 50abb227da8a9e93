import type { Settings } from "../config/settings.ts";
import { usageOf } from "../system/process-table.ts";

/** When a worker is replaced; 0 for never. Spec W3. */
export type RecycleLimits = Pick<
  Settings,
  "maxRequests" | "maxMemory" | "maxAge" | "criticalCpu" | "criticalChecks" | "criticalInterval"
>;

export const hasLimits = ({ maxRequests, maxMemory, maxAge, criticalInterval }: RecycleLimits): boolean =>
  maxRequests > 0 || maxMemory > 0 || maxAge > 0 || criticalInterval > 0;

/** What a check needs to know of a worker that serves. */
export interface Recyclable {
  readonly pid: number;
  /** Milliseconds. */
  readonly servedFor: number;
  /** Requests it has answered; asked only where `maxRequests` is set. */
  requests(): Promise<number>;
}

/** Workers started together are not replaced together: ±10 %. */
const jitter = (): number => 0.9 + Math.random() * 0.2;

/** What is known of one worker. */
interface Watched {
  readonly factor: number;
  cpu: number;
  at: number;
  /** Successive checks at or over the critical point. */
  over: number;
}

/** Says which workers have reached a limit. */
export class Recycler {
  readonly #limits: RecycleLimits;
  readonly #watched = new WeakMap<Recyclable, Watched>();

  constructor(limits: RecycleLimits) {
    this.#limits = limits;
  }

  /** @returns why it is to be replaced; `undefined` to keep it */
  async reason(worker: Recyclable): Promise<string | undefined> {
    const { maxRequests, maxMemory, maxAge } = this.#limits;
    const { factor } = this.#watch(worker);
    const age = worker.servedFor / 1000;
    if (maxAge > 0 && age >= maxAge * factor) return `it served ${Math.floor(age)} s`;
    const memory = usageOf(worker.pid)?.memory ?? 0;
    if (maxMemory > 0 && memory >= maxMemory * factor) return `it uses ${Math.ceil(memory / 1024 ** 2)} MB`;
    const requests = maxRequests > 0 ? await worker.requests() : 0;
    if (maxRequests > 0 && requests >= maxRequests * factor) return `it answered ${requests} requests`;
    return this.#overload(worker);
  }

  #watch(worker: Recyclable): Watched {
    let watched = this.#watched.get(worker);
    if (watched === undefined) {
      watched = { factor: jitter(), cpu: usageOf(worker.pid)?.cpu ?? 0, at: performance.now(), over: 0 };
      this.#watched.set(worker, watched);
    }
    return watched;
  }

  #overload(worker: Recyclable): string | undefined {
    const { criticalCpu, criticalChecks, criticalInterval: interval } = this.#limits;
    const watched = this.#watch(worker);
    const now = performance.now();
    const seconds = (now - watched.at) / 1000;
    if (interval === 0 || seconds < interval) return undefined;
    const cpu = usageOf(worker.pid)?.cpu ?? watched.cpu;
    const percent = ((cpu - watched.cpu) / seconds) * 100;
    watched.over = percent >= criticalCpu ? watched.over + 1 : 0;
    watched.cpu = cpu;
    watched.at = now;
    if (watched.over < criticalChecks) return undefined;
    watched.over = 0;
    return `it used ${Math.round(percent)} % CPU in ${criticalChecks} checks in a row`;
  }
}
