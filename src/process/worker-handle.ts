import type { Subprocess } from "bun";
import type { Settings } from "../config/options.ts";
import type { WorkerMessage } from "./messages.ts";
import { workerEnvironment } from "./role.ts";

/** How long (ms) a worker may take beyond the grace time before it is killed. */
const killAfter = 3000;

/** How a worker ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | number | null;
  /** It said that its script is wrong. */
  readonly refused: string | undefined;
  /** Why there was no process at all. */
  readonly error?: string;
}

/** The master's view of one worker process. */
export class WorkerHandle {
  readonly exited: Promise<WorkerExit>;
  /** True when it serves, false when it ended before. */
  readonly ready: Promise<boolean>;
  readonly #process: Subprocess;
  readonly #patience: number;
  #readyAt: number | undefined;
  #refused: string | undefined;
  #killed = false;

  /** @throws the system's error when no process can be made */
  constructor(index: number, settings: Settings, command: readonly string[]) {
    const ready = Promise.withResolvers<boolean>();
    this.ready = ready.promise;
    this.#patience = settings.graceTimeout * 1000 + killAfter;
    this.#process = Bun.spawn([...command], {
      env: workerEnvironment({ settings, index }),
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      serialization: "json",
      ipc: (message: WorkerMessage) => {
        if (message.type === "refused") this.#refused = message.message;
        else {
          this.#readyAt ??= performance.now();
          ready.resolve(true);
        }
      },
    });
    this.exited = this.#process.exited.then((): WorkerExit => {
      ready.resolve(false);
      const { exitCode, signalCode } = this.#process;
      return { code: exitCode, signal: signalCode, refused: this.#refused };
    });
  }

  /** Milliseconds since it was ready. */
  get servedFor(): number {
    return this.#readyAt === undefined ? 0 : performance.now() - this.#readyAt;
  }

  /** It was ended by force. */
  get killed(): boolean {
    return this.#killed;
  }

  /** Asks it to finish what it does and end; kills it when it takes too long. */
  stop(): void {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.kill(), this.#patience);
    void this.exited.then(() => clearTimeout(timer));
  }

  kill(): void {
    if (this.#gone) return;
    this.#killed = true;
    this.signal("SIGKILL");
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#gone) this.#process.kill(signal);
  }

  get #gone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}

export const describeExit = ({ code, signal, refused, error }: WorkerExit): string =>
  error ?? refused ?? (signal === null ? `exit code ${code}` : `signal ${signal}`);
