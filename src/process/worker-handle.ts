import type { Subprocess } from "bun";
import type { Settings } from "../config/options.ts";
import type { WorkerMessage } from "./messages.ts";
import { workerEnvironment } from "./role.ts";

export type WorkerState = "starting" | "ready" | "stopping" | "gone";

/** How a worker ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | number | null;
  /** It said that its script is wrong. */
  readonly refused: string | undefined;
}

/** The master's view of one worker process. */
export class WorkerHandle {
  readonly index: number;
  readonly startedAt = Date.now();
  readonly exited: Promise<WorkerExit>;
  /** Resolves when it serves, rejects when it ends before. */
  readonly ready: Promise<void>;
  #state: WorkerState = "starting";
  #refused: string | undefined;
  readonly #process: Subprocess;

  constructor(index: number, settings: Settings, command: readonly string[]) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.index = index;
    this.#process = Bun.spawn([...command], {
      env: workerEnvironment({ settings, index }),
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      serialization: "json",
      ipc: (message: WorkerMessage) => {
        if (message.type === "ready" && this.#state === "starting") {
          this.#state = "ready";
          resolve();
        } else if (message.type === "refused") this.#refused = message.message;
      },
    });
    this.ready = promise;
    this.ready.catch(() => {});
    this.exited = this.#process.exited.then((): WorkerExit => {
      this.#state = "gone";
      const { exitCode, signalCode } = this.#process;
      const exit = { code: exitCode, signal: signalCode, refused: this.#refused };
      reject(exit);
      return exit;
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Asks it to finish what it does and end. */
  stop(): void {
    if (this.#state === "gone") return;
    this.#state = "stopping";
    this.#process.kill("SIGTERM");
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#state !== "gone") this.#process.kill(signal);
  }
}
