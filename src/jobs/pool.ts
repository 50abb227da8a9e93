import { SkitaiError } from "../errors.ts";
import { Call, type CallOptions, checkTimeout } from "./call.ts";
import type { StartHost } from "./host.ts";
import { type Job, nameOf } from "./job.ts";
import { crashed, Slot, type SlotEvents } from "./slot.ts";

export interface PoolOptions {
  /** Hosts at most; each runs one job at a time. */
  readonly size: number;
  /** Calls that may wait for a host. Default 10,000. */
  readonly maxWaiting?: number;
  /** A host is replaced after so many jobs, for jobs that leak. Default 0, never. */
  readonly maxJobs?: number;
  /** Seconds after which a host without jobs is closed. Default 60. */
  readonly idle?: number;
  /** Seconds that a host may take until it can run jobs. Default 60. */
  readonly startTimeout?: number;
}

const defaults = { maxWaiting: 10_000, maxJobs: 0, idle: 60, startTimeout: 60 };

/**
 * Runs jobs in hosts of one kind, first come first served. Hosts are made when jobs wait for one, and closed when they
 * have nothing to do. A host whose job must end early (timeout, abort) is ended with it and replaced. Spec Q8.
 */
export class JobPool {
  readonly #start: StartHost;
  readonly #options: Required<PoolOptions>;
  readonly #slots = new Set<Slot>();
  /** The one that was used last is used next, so that those that are too many can close. */
  readonly #free: Slot[] = [];
  readonly #waiting = new Set<Call>();
  #closing: PromiseWithResolvers<void> | undefined;

  constructor(start: StartHost, options: PoolOptions) {
    this.#start = start;
    this.#options = { ...defaults, ...options };
  }

  /** Threads or processes that live. */
  get hosts(): number {
    return this.#slots.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @throws SkitaiError JOB_FAILED with what the job threw as `cause`; JOB_TIMEOUT; JOB_CRASHED when its thread or process
   * ended; JOB_INVALID for something that cannot be copied or is no job; JOB_OVERLOADED when too many wait or the worker
   * stops; or the reason of the signal
   */
  async run<Args extends unknown[], Result>(
    job: Job<Args, Result>,
    args: Args,
    options: CallOptions = {},
  ): Promise<Result> {
    const name = nameOf(job);
    checkTimeout(`job "${name}"`, options.timeout);
    options.signal?.throwIfAborted();
    this.#admit(name);
    const call = new Call(name, args, options, () => {
      this.#waiting.delete(call);
      this.#checkEmpty();
    });
    this.#waiting.add(call);
    this.#pump();
    return (await call.result) as Result;
  }

  /** Log files were renamed. */
  reopenLogs(): void {
    for (const slot of this.#slots) slot.reopenLogs();
  }

  /**
   * Takes no more jobs, lets those that were asked for finish, and ends all hosts.
   * @param grace seconds; what is not finished then is ended with JOB_CRASHED
   * @returns whether all jobs could finish
   */
  async close(grace: number): Promise<boolean> {
    this.#closing ??= Promise.withResolvers<void>();
    this.#checkEmpty();
    const { promise, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), grace * 1000);
    const finished = await Promise.race([this.#closing.promise.then(() => true), promise]);
    clearTimeout(timer);
    for (const call of this.#waiting) call.reject(crashed(call, "is closed, the worker stops"));
    this.#waiting.clear();
    for (const slot of [...this.#slots]) slot.close();
    return finished;
  }

  #admit(name: string): void {
    const { maxWaiting } = this.#options;
    const reason =
      this.#closing !== undefined
        ? "the worker stops"
        : this.#waiting.size >= maxWaiting
          ? `${maxWaiting} jobs wait already`
          : undefined;
    if (reason !== undefined)
      throw new SkitaiError("JOB_OVERLOADED", { name: `job "${name}"`, accepted: reason });
  }

  /** Gives waiting jobs to free hosts, and makes hosts for those that are left. */
  #pump(): void {
    if (this.#waiting.size === 0) return;
    for (const call of this.#waiting) {
      const slot = this.#free.pop();
      if (slot === undefined) break;
      this.#waiting.delete(call);
      slot.run(call);
    }
    let starting = [...this.#slots].filter((slot) => slot.starting).length;
    while (starting < this.#waiting.size && this.#slots.size < this.#options.size) {
      if (!this.#open()) return;
      starting += 1;
    }
  }

  /** A host that cannot be made costs one job, so that no job waits for ever for a host that never comes. */
  #open(): boolean {
    try {
      this.#slots.add(new Slot(this.#start, this.#events, this.#options.startTimeout));
      return true;
    } catch (cause) {
      this.#refuseFirst(`could not be started, ${(cause as Error).message}`, cause);
      return false;
    }
  }

  #refuseFirst(reason: string, cause: unknown): void {
    const [call] = this.#waiting;
    if (call === undefined) return;
    this.#waiting.delete(call);
    call.reject(crashed(call, reason, cause));
    this.#pump();
    this.#checkEmpty();
  }

  readonly #events: SlotEvents = {
    free: (slot) => this.#freed(slot),
    gone: (slot, failure) => {
      this.#slots.delete(slot);
      const place = this.#free.indexOf(slot);
      if (place >= 0) this.#free.splice(place, 1);
      // While others serve, they take what waits; making one after the other would not end.
      if (failure === undefined) this.#pump();
      else if (!this.#othersServe()) this.#refuseFirst(`did not start: ${failure.reason}`, failure.cause);
      this.#checkEmpty();
    },
  };

  /** Whether a waiting job will be run although a host did not start. */
  #othersServe(): boolean {
    return [...this.#slots].some((slot) => !slot.starting);
  }

  #freed(slot: Slot): void {
    const { maxJobs, idle } = this.#options;
    if (maxJobs > 0 && slot.jobs >= maxJobs) return slot.close();
    this.#free.push(slot);
    slot.rest(idle);
    this.#pump();
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#closing === undefined || this.#waiting.size > 0) return;
    if (![...this.#slots].some((slot) => slot.busy)) this.#closing.resolve();
  }
}
