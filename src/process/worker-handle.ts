import type { Subprocess } from "bun";
import type { Settings } from "../config/settings.ts";
import { joinBus, leaveBus, relayEvents } from "./bus.ts";
import { desk } from "./desk.ts";
import { dropLocks, hearLock } from "./locks.ts";
import type { LoadedMessage, LockMessage, MasterMessage, WorkerMessage } from "./messages.ts";
import type { TlsSetup } from "../tls/setup.ts";
import type { WorkerIndex } from "./quic.ts";
import { workerEnvironment } from "./role.ts";
import type { WorkerReport, WorkerStatus } from "./status.ts";

/** How long (ms) a worker may take beyond the grace time before it is killed. */
export const killAfter = 3000;
/** How long (ms) a worker may be too busy to say something of itself. */
const reportPatience = 1000;

/** In development, how long (s) streams and websockets outlive the version they were opened with. Spec O4. */
const lingering = 600;

/** Who looks at workers in development. Spec O4. */
export interface Onlooker {
  /** Whether it passes on what workers write to stderr. */
  readonly hears: boolean;
  /** @param stderr of the worker, if the onlooker hears */
  started(worker: WorkerHandle, stderr: ReadableStream<Uint8Array> | undefined): void;
  loaded(worker: WorkerHandle, message: LoadedMessage): void;
  /** Resolves when what workers said is written; all have ended. */
  over(): Promise<void>;
}

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
  readonly index: WorkerIndex;
  readonly exited: Promise<WorkerExit>;
  /** True when it serves, false when it ended before. */
  readonly ready: Promise<boolean>;
  /** True when it has opened its mounts and waits for `bind`, false when it ended before. */
  readonly opened: Promise<boolean>;
  readonly #process: Subprocess;
  readonly #grace: number;
  /** Seconds that its streams have when it is replaced, if not the grace time. */
  readonly #linger: number | undefined;
  #readyAt: number | undefined;
  #refused: string | undefined;
  #error: string | undefined;
  /** Who waits for an answer of this type. */
  readonly #waiting = new Map<WorkerMessage["type"], (message: WorkerMessage) => void>();
  #killed = false;
  #limit: NodeJS.Timeout | undefined;
  #reported: ((report: WorkerReport) => void) | undefined;
  /** SIGUSR1 came while it was starting. */
  #reopening = false;

  /**
   * @param words descriptor of the file that the workers share
   * @throws the system's error when no process can be made
   */
  constructor(
    index: WorkerIndex,
    settings: Settings,
    command: readonly string[],
    certificates: () => TlsSetup | undefined,
    words: number,
    onlooker?: Onlooker,
  ) {
    this.index = index;
    const ready = Promise.withResolvers<boolean>();
    this.ready = ready.promise;
    const opened = Promise.withResolvers<boolean>();
    this.opened = opened.promise;
    this.#grace = settings.graceTimeout;
    // The one of HTTP/3 has its port to itself, until it ends.
    this.#linger =
      settings.devel && index !== "quic" ? Math.max(lingering, settings.graceTimeout) : undefined;
    this.#process = Bun.spawn([...command], {
      env: workerEnvironment({ settings, index }),
      stdio: ["ignore", "inherit", onlooker?.hears ? "pipe" : "inherit", words],
      serialization: "json",
      ipc: (message: WorkerMessage) => {
        if (desk.heard(this, message)) return;
        if (message.type === "refused") this.#refused = message.message;
        else if (message.type === "certificates") this.#hand(certificates());
        else if (message.type === "report") this.#reported?.(message);
        else if (message.type === "lock") this.#lock(message);
        else if (message.type === "events") relayEvents(this, message.messages);
        else if (message.type === "listens") joinBus(this, message.name, (each) => this.#send(each));
        else if (message.type === "loaded") onlooker?.loaded(this, message);
        else if (message.type === "opened") opened.resolve(true);
        else if (message.type !== "ready") this.#waiting.get(message.type)?.(message);
        else {
          this.#readyAt ??= performance.now();
          if (this.#reopening) this.signal("SIGUSR1");
          this.#reopening = false;
          ready.resolve(true);
          desk.ready();
        }
      },
    });
    desk.opened(this, (each) => this.#send(each));
    this.exited = this.#process.exited.then((): WorkerExit => {
      opened.resolve(false);
      ready.resolve(false);
      dropLocks(this);
      leaveBus(this);
      desk.closed(this);
      const { exitCode, signalCode } = this.#process;
      const error = this.#error === undefined ? {} : { error: this.#error };
      return { code: exitCode, signal: signalCode, refused: this.#refused, ...error };
    });
    this.#limitStart(settings.startTimeout);
    const { stderr } = this.#process;
    onlooker?.started(this, stderr instanceof ReadableStream ? stderr : undefined);
  }

  /** @param most seconds */
  #limitStart(most: number): void {
    const timer = setTimeout(() => {
      this.#error = `did not start within ${most} s`;
      this.kill();
    }, most * 1000);
    void this.ready.then(() => clearTimeout(timer));
  }

  get pid(): number {
    return this.#process.pid;
  }

  bind(): void {
    this.#send({ type: "bind" });
  }

  /** Has it call the hooks of its apps. */
  announce(type: "beforeReload" | "reloaded"): void {
    this.#send({ type });
  }

  /**
   * Lets it close its sockets and then finish and end.
   * @param patience milliseconds for the first
   */
  async leave(patience: number): Promise<void> {
    this.#limitStop(this.#linger);
    const linger = this.#linger === undefined ? {} : { linger: this.#linger };
    if (!(await this.ask({ type: "leave", ...linger }, "left", patience))) this.signal("SIGTERM");
  }

  /** @returns whether it answered within `patience` ms that it could; one question of a type at a time */
  async ask(message: MasterMessage, type: WorkerMessage["type"], patience: number): Promise<boolean> {
    if (this.#gone) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.set(type, (answer) => resolve(answer.type !== "steered" || answer.done));
    const timer = setTimeout(() => resolve(false), patience);
    this.#send(message);
    void this.exited.then(() => resolve(false));
    const done = await promise;
    clearTimeout(timer);
    return done;
  }

  #send(message: MasterMessage): void {
    try {
      if (!this.#gone) this.#process.send(message);
    } catch {
      // It has just ended, which is known a moment later.
    }
  }

  /** What it said last may be heard after its end. */
  #lock(message: LockMessage): void {
    if (!this.#gone) hearLock(this, message, (id) => this.#send({ type: "locked", id }));
  }

  #hand(setup: TlsSetup | undefined): void {
    if (setup === undefined) return;
    this.#send({ type: "certificates", setup });
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
    if (this.#limit === undefined || this.#linger !== undefined) this.#limitStop();
    this.signal("SIGTERM");
  }

  /** It was told to end. */
  get stopping(): boolean {
    return this.#limit !== undefined;
  }

  /** Shows its clients why a newer version does not start. */
  show(fault: string): void {
    this.#send({ type: "fault", text: fault });
  }

  /** @param most seconds */
  #limitStop(most = this.#grace): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.kill(), most * 1000 + killAfter);
    void this.exited.then(() => clearTimeout(this.#limit));
  }

  /** What is known of it, and what it says when it is asked. */
  async status(): Promise<Omit<WorkerStatus, "restarts">> {
    const report = await this.#report();
    const state = this.stopping ? "stopping" : this.#readyAt === undefined ? "starting" : "serving";
    return { index: this.index, pid: this.#process.pid, state, uptime: this.servedFor / 1000, ...report };
  }

  /** Requests it has answered; 0 when it does not say. */
  async requests(): Promise<number> {
    return (await this.#report())?.requests ?? 0;
  }

  async #report(): Promise<WorkerReport | undefined> {
    if (this.#readyAt === undefined || this.#gone) return undefined;
    const { promise, resolve } = Promise.withResolvers<WorkerReport>();
    // Whoever asks next gets the answer to the first question as well.
    const before = this.#reported;
    this.#reported = ({ requests, memory }) => {
      this.#reported = undefined;
      before?.({ requests, memory });
      resolve({ requests, memory });
    };
    this.#send({ type: "report" });
    return Promise.race([
      promise,
      this.exited.then(() => undefined),
      Bun.sleep(reportPatience).then(() => undefined),
    ]);
  }

  kill(): void {
    if (this.#gone) return;
    this.#killed = true;
    this.signal("SIGKILL");
  }

  /** SIGUSR1 would end a worker that does not listen for it yet: it is passed on when it serves. */
  signal(signal: NodeJS.Signals): void {
    if (signal === "SIGUSR1" && this.#readyAt === undefined) this.#reopening = true;
    else if (!this.#gone) this.#process.kill(signal);
  }

  get #gone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}

export const describeExit = ({ code, signal, refused, error }: WorkerExit): string =>
  error ?? refused ?? (signal === null ? `exit code ${code}` : `signal ${signal}`);
