import { SkitaiError } from "../errors.ts";
import { processLogs } from "../log/logs.ts";
import { backoff, shortLife, startAttempts } from "./backoff.ts";
import type { WorkerIndex } from "./quic.ts";
import type { WorkerStatus } from "./status.ts";
import { describeExit, type WorkerExit, type WorkerHandle } from "./worker-handle.ts";

/** One worker's place in the service: it is filled again whenever its worker ends, until it is retired. Spec W1. */
export class WorkerSlot {
  readonly index: WorkerIndex;
  /**
   * True when a worker of it serves for the first time, false when it was retired before. Rejects with SkitaiError
   * LAUNCH_FAILED when starting again cannot help, or was tried often enough: the slot has ended then.
   */
  readonly served: Promise<boolean>;
  /** Resolves when no worker is left and none will come. */
  readonly ended: Promise<void>;
  readonly #spawn: (index: WorkerIndex) => WorkerHandle;
  readonly #firstServed = Promise.withResolvers<boolean>();
  readonly #retirement = Promise.withResolvers<void>();
  #worker: WorkerHandle | undefined;
  #hasServed = false;
  #retired = false;
  /** Its next worker is there already. */
  #handover = Promise.withResolvers<void>();
  #next: WorkerHandle | undefined;
  /** Short lives in a row. */
  #deaths = 0;
  #restarts = 0;

  constructor(index: WorkerIndex, spawn: (index: WorkerIndex) => WorkerHandle) {
    this.index = index;
    this.#spawn = spawn;
    this.served = this.#firstServed.promise;
    this.ended = this.#keep();
  }

  get retired(): boolean {
    return this.#retired;
  }

  /** The one that serves. */
  get serving(): WorkerHandle | undefined {
    return this.#worker !== undefined && this.#worker.servedFor > 0 ? this.#worker : undefined;
  }

  /** Its last worker did not end by itself in time, or was not given the time. */
  get forced(): boolean {
    return this.#worker?.killed ?? false;
  }

  /** Lets its worker finish what it does; no other comes. */
  retire(): void {
    this.#retired = true;
    this.#retirement.resolve();
    this.#worker?.stop();
  }

  /** No other worker comes. @returns the one that is to leave */
  release(): WorkerHandle | undefined {
    this.#retired = true;
    this.#retirement.resolve();
    return this.#worker;
  }

  /** `next`, which serves, takes the place. @returns the worker before it, which is nobody's now */
  replace(next: WorkerHandle): WorkerHandle | undefined {
    const before = this.#worker;
    this.#next = next;
    this.#worker = next;
    this.#handover.resolve();
    return before;
  }

  kill(): void {
    this.#retired = true;
    this.#retirement.resolve();
    this.#worker?.kill();
  }

  /** `undefined` between two workers. */
  async status(): Promise<WorkerStatus | undefined> {
    const status = await this.#worker?.status();
    return status && { ...status, restarts: this.#restarts };
  }

  signal(signal: NodeJS.Signals): void {
    this.#worker?.signal(signal);
  }

  async #keep(): Promise<void> {
    // What was handed over is waited for, a retirement at the same moment or not.
    while (!this.#retired || this.#next !== undefined) {
      const exit = await this.#serve();
      if (exit === undefined) continue;
      if (this.#retired) break;
      if (!this.#hasServed && (exit.refused !== undefined || this.#deaths >= startAttempts))
        return this.#firstServed.reject(launchError(exit));
      this.#restarts++;
      const pause = backoff(this.#deaths);
      note(`worker #${this.index} ended: ${describeExit(exit)}, starting it again in ${pause} ms`);
      // A stop does not wait for the end of the pause.
      await Promise.race([Bun.sleep(pause), this.#retirement.promise, this.#handover.promise]);
    }
    this.#firstServed.resolve(false);
  }

  /** One worker's life; `undefined` when another took its place. */
  async #serve(): Promise<WorkerExit | undefined> {
    const exit = await this.#live().catch(spawnFailure);
    if (exit === undefined) return undefined;
    const short = !this.#hasServed || (this.#worker?.servedFor ?? 0) < shortLife;
    this.#deaths = short ? this.#deaths + 1 : 0;
    return exit;
  }

  async #live(): Promise<WorkerExit | undefined> {
    const worker = this.#take();
    const replaced = this.#handover.promise.then(() => undefined);
    if (await Promise.race([worker.ready, replaced])) {
      this.#hasServed = true;
      this.#firstServed.resolve(true);
    }
    return Promise.race([worker.exited, replaced]);
  }

  #take(): WorkerHandle {
    this.#handover = Promise.withResolvers();
    this.#worker = this.#next;
    this.#next = undefined;
    return (this.#worker ??= this.#spawn(this.index));
  }
}

/** No process could be made, for want of memory or of the executable: that may pass. */
const spawnFailure = (error: unknown): WorkerExit => ({
  code: null,
  signal: null,
  refused: undefined,
  error: String(error),
});

const launchError = (exit: WorkerExit): SkitaiError =>
  exit.refused === undefined
    ? new SkitaiError("LAUNCH_FAILED", {
        name: "worker",
        accepted: `did not start in ${startAttempts} attempts (${describeExit(exit)}), its error is above`,
      })
    : new SkitaiError("LAUNCH_FAILED", { name: exit.refused });

/** The master's own words go where its operator looks: the log of the engine. */
export function note(text: string): void {
  const { server } = processLogs();
  server.log(text, "warn");
  server.flush();
}
