import type { Subprocess } from "bun";
import { SkitaiError } from "../errors.ts";
import { Gate } from "./gate.ts";
import { SubprocessError } from "./subprocess-error.ts";
import { readAll, readTail } from "./program-output.ts";

export interface ProgramOptions {
  /** Seconds from the call; then the program and all it has started in its process group are killed. Default none. */
  readonly timeout?: number;
  /** Its abort kills them as well; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** What the program reads; default nothing. */
  readonly stdin?: string | Uint8Array | Blob;
  /** Directory it runs in. Default: the worker's. */
  readonly cwd?: string;
  /** Variables besides the worker's own; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Bytes of output at which the program is killed. Default 16 MiB. */
  readonly maxOutput?: number;
}

const defaultMaxOutput = 16 * 1024 ** 2;
/** A program costs memory and a CPU, and clients can ask for many. */
const gate = new Gate(32, 10_000);

type Child = Subprocess<"ignore" | Uint8Array | Blob, "pipe", "pipe">;

/** A program that runs, or waits until it may. */
export class Program {
  readonly name: string;
  readonly #command: readonly string[];
  readonly #options: ProgramOptions;
  readonly #cut = Promise.withResolvers<never>();
  #child: Child | undefined;

  constructor(command: readonly string[], options: ProgramOptions) {
    this.name = command[0]!;
    this.#command = command;
    this.#options = options;
  }

  /** @throws what ended it, when that was not itself */
  async output(): Promise<Uint8Array> {
    const { timeout, signal } = this.#options;
    const abort = (): void => this.cut(signal?.reason);
    signal?.addEventListener("abort", abort);
    const timer =
      timeout === undefined ? undefined : setTimeout(() => this.cut(this.#late(timeout)), timeout * 1000);
    try {
      return await Promise.race([this.#run(), this.#cut.promise]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Ends all of it; its call rejects with `reason`. */
  cut(reason: unknown): void {
    this.#cut.reject(reason);
    if (this.#child !== undefined) killGroup(this.#child);
  }

  async #run(): Promise<Uint8Array> {
    await gate.enter(this.name, this.#cut.promise);
    try {
      this.#child = this.#spawn();
      return await this.#finish(this.#child);
    } finally {
      gate.leave();
    }
  }

  #spawn(): Child {
    const { stdin, cwd, env } = this.#options;
    try {
      return Bun.spawn([...this.#command], {
        // Bun alone would take the variables that this process was started with.
        env: { ...process.env, ...env },
        ...(cwd === undefined ? {} : { cwd }),
        stdin: stdin === undefined ? "ignore" : typeof stdin === "string" ? Buffer.from(stdin) : stdin,
        stdout: "pipe",
        stderr: "pipe",
        detached: true,
      }) as Child;
    } catch (cause) {
      throw new SubprocessError(this.name, `cannot be started, ${(cause as Error).message}`, { cause });
    }
  }

  async #finish(child: Child): Promise<Uint8Array> {
    const most = this.#options.maxOutput ?? defaultMaxOutput;
    const tooMuch = (): void => this.cut(new SubprocessError(this.name, `wrote more than ${most} bytes`));
    const [stdout, stderr] = await Promise.all([
      readAll(child.stdout, most, tooMuch),
      readTail(child.stderr),
      child.exited,
    ]);
    const { exitCode } = child;
    const signal = child.signalCode as string | null;
    if (exitCode === 0) return stdout;
    const reason = signal === null ? `ended with code ${exitCode}` : `was ended by ${signal}`;
    throw new SubprocessError(this.name, reason, { exitCode, signal, stderr });
  }

  #late(timeout: number): SkitaiError {
    return new SkitaiError("JOB_TIMEOUT", { name: this.name, accepted: `did not end within ${timeout} s` });
  }
}

/** The group outlives its leader as long as it has members; its number is then not given to another. */
function killGroup({ pid }: Child): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All are gone.
  }
}
