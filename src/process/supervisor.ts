import type { Settings } from "../config/options.ts";
import { SkitaiError } from "../errors.ts";
import { processLogs } from "../log/logs.ts";
import { backoff, shortLife, startAttempts } from "./backoff.ts";
import { type WorkerExit, WorkerHandle } from "./worker-handle.ts";

/** How long (ms) a worker may take beyond the grace time before it is killed. */
const killAfter = 3000;

type State = "starting" | "running" | "stopping";

/** Keeps the wanted number of workers alive. Spec W1, W5. */
export class Supervisor {
  /** Exit code of the service, when all workers are gone after a stop. */
  readonly ended: Promise<number>;
  readonly #settings: Settings;
  readonly #command: readonly string[];
  readonly #workers = new Map<number, WorkerHandle>();
  readonly #deaths = new Map<number, number>();
  readonly #end: (code: number) => void;
  #state: State = "starting";
  #wanted: number;
  #forced = false;

  constructor(settings: Settings, command: readonly string[]) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    this.#end = resolve;
    this.#settings = settings;
    this.#command = command;
    this.#wanted = settings.workers;
  }

  /**
   * Resolves when every worker serves.
   * @throws SkitaiError LAUNCH_FAILED when one cannot be started
   */
  async start(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.#wanted }, (_, index) => this.#bring(index)));
    } catch (error) {
      if (this.#state === "stopping") return;
      this.#state = "stopping";
      for (const worker of this.#workers.values()) worker.signal("SIGKILL");
      throw error;
    }
    if (this.#state === "starting") this.#state = "running";
  }

  /** Graceful the first time, by force the second. */
  stop(): void {
    if (this.#state === "stopping") return this.#force();
    this.#state = "stopping";
    for (const worker of this.#workers.values()) worker.stop();
    setTimeout(() => this.#kill(), this.#settings.graceTimeout * 1000 + killAfter).unref();
    this.#checkEnd();
  }

  signal(signal: NodeJS.Signals): void {
    for (const worker of this.#workers.values()) worker.signal(signal);
  }

  /** One worker more or one less, never none. */
  resize(by: 1 | -1): void {
    if (this.#state !== "running" || this.#wanted + by < 1) return;
    this.#wanted += by;
    if (by === 1) void this.#bring(this.#wanted - 1).catch(() => {});
    else this.#workers.get(this.#wanted)?.stop();
  }

  /** Starts worker `index` until it serves; gives up only while the service itself is starting. */
  async #bring(index: number): Promise<void> {
    for (;;) {
      const deaths = this.#deaths.get(index) ?? 0;
      if (deaths > 0) await Bun.sleep(backoff(deaths));
      if (this.#state === "stopping" || index >= this.#wanted) return;
      const worker = new WorkerHandle(index, this.#settings, this.#command);
      this.#workers.set(index, worker);
      void worker.exited.then((exit) => this.#gone(worker, exit));
      const failure = await worker.ready.then(
        () => undefined,
        (exit: WorkerExit) => exit,
      );
      if (failure === undefined) return;
      if (this.#state === "starting") this.#judge(failure, this.#deaths.get(index) ?? 0);
      else return;
    }
  }

  /** @throws SkitaiError LAUNCH_FAILED when starting again cannot help, or was tried often enough */
  #judge(exit: WorkerExit, deaths: number): void {
    if (exit.refused !== undefined) throw new SkitaiError("LAUNCH_FAILED", { name: exit.refused });
    if (deaths >= startAttempts)
      throw new SkitaiError("LAUNCH_FAILED", {
        name: "worker",
        accepted: `did not start in ${startAttempts} attempts (${describe(exit)}), its error is above`,
      });
  }

  #gone(worker: WorkerHandle, exit: WorkerExit): void {
    const { index } = worker;
    if (this.#workers.get(index) === worker) this.#workers.delete(index);
    const lived = Date.now() - worker.startedAt;
    this.#deaths.set(index, lived < shortLife ? (this.#deaths.get(index) ?? 0) + 1 : 0);
    if (this.#state === "stopping") return this.#checkEnd();
    if (index >= this.#wanted) return;
    note(`worker #${index} (pid ${worker.pid}) ended: ${describe(exit)}, starting it again`);
    if (this.#state === "running") void this.#bring(index);
  }

  #checkEnd(): void {
    if (this.#workers.size === 0) this.#end(this.#forced ? 2 : 0);
  }

  #force(): void {
    this.#forced = true;
    this.#kill();
  }

  #kill(): void {
    for (const worker of this.#workers.values()) worker.signal("SIGKILL");
    this.#checkEnd();
  }
}

const describe = ({ code, signal }: WorkerExit): string =>
  signal ? `signal ${signal}` : `exit code ${code}`;

/** The master's own words go where its operator looks: the log of the engine. */
function note(text: string): void {
  const { server } = processLogs();
  server.log(text, "warn");
  server.flush();
}
