import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Subprocess } from "bun";
import { SkitaiError } from "../errors.ts";
import { onFailedExpect } from "./failures.ts";
import { Output } from "./output.ts";
import { Watchdog } from "./watchdog.ts";

/** What to start and how; all of it given. */
export interface ServerOptions {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly silent: boolean;
  /** Seconds it may take until every worker serves. */
  readonly timeout: number;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly grace: number;
}

interface Ready {
  readonly type: "ready";
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}

const isReady = (message: unknown): message is Ready =>
  typeof message === "object" && message !== null && "type" in message && message.type === "ready";

/** A started server: a process group of its own, whose leader is the engine's master. */
export class ServerProcess {
  readonly script: string;
  readonly output = new Output();
  readonly #options: ServerOptions;
  readonly #process: Subprocess<"ignore", "pipe", "pipe">;
  readonly #ready = Promise.withResolvers<Ready>();
  readonly #watchdog: Watchdog;
  #stopped: Promise<number | null> | undefined;
  #unwatch: (() => void) | undefined;

  private constructor(script: string, options: ServerOptions) {
    this.script = script;
    this.#options = options;
    this.#process = Bun.spawn([...commandOf(script), ...options.args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env, SKITAI_TEST_PARENT: String(process.pid) },
      detached: true,
      serialization: "json",
      ipc: (message: unknown) => {
        if (isReady(message)) this.#ready.resolve(message);
      },
    });
    this.#watchdog = new Watchdog(this.#process.pid);
    this.output.collect(this.#process.stdout, options.silent ? undefined : process.stdout);
    this.output.collect(this.#process.stderr, options.silent ? undefined : process.stderr);
  }

  /**
   * Starts `script` and waits until it serves.
   * @throws SkitaiError LAUNCH_FAILED when it ends first or is late; its output is printed, and is `cause` (text).
   */
  static async start(
    script: string | URL,
    options: ServerOptions,
  ): Promise<{ server: ServerProcess; ready: Ready }> {
    const path = resolve(script instanceof URL ? fileURLToPath(script) : script);
    if (!existsSync(path)) throw new SkitaiError("LAUNCH_FAILED", { name: `${path} does not exist` });
    const server = new ServerProcess(path, options);
    const ready = await server.#whenReady();
    if (options.silent) server.#unwatch = await onFailedExpect(() => server.report("an assertion failed"));
    void server.#process.exited.then(() => server.#ended());
    return { server, ready };
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Prints what the server wrote since the last report; nothing when it is not silent, or wrote nothing. */
  report(reason: string): void {
    const text = this.#options.silent ? this.output.unseen().trimEnd() : "";
    if (text === "") return;
    const name = `${basename(this.script)} (pid ${this.pid})`;
    process.stderr.write(`--- ${reason}; output of ${name}:\n${text}\n--- end of output of ${name}\n`);
  }

  /**
   * SIGTERM to the master, SIGKILL to the whole group when it is not gone after the grace, and to whatever the
   * master left behind. Resolves when no process is left, with the master's exit code (`null`: by a signal).
   */
  stop(): Promise<number | null> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<number | null> {
    this.#unwatch?.();
    this.#process.kill("SIGTERM");
    const late = !(await settledWithin(this.#process.exited, this.#options.grace));
    await this.#clear();
    if (late) this.report(`not stopped after ${this.#options.grace} s, killed`);
    return this.#process.exitCode;
  }

  /** The master ended and nobody asked it to. */
  async #ended(): Promise<void> {
    if (this.#stopped !== undefined) return;
    this.#unwatch?.();
    this.#stopped = this.#clear().then(() => this.#process.exitCode);
    await this.#stopped;
    this.report(`ended unexpectedly, ${this.#outcome()}`);
  }

  async #clear(): Promise<void> {
    await killGroup(this.pid);
    await this.#watchdog.disarm();
    // A process that left the group (setsid) may hold the pipes open for ever.
    await settledWithin(this.output.ended(), 1);
  }

  async #whenReady(): Promise<Ready> {
    const { timeout } = this.#options;
    const outcome = Promise.race([this.#ready.promise, this.#process.exited.then(() => this.#outcome())]);
    const inTime = await settledWithin(outcome, timeout);
    const result = inTime ? await outcome : `not ready after ${timeout} s`;
    if (typeof result === "object") return result;
    await this.#clear();
    this.report(`did not start, ${result}`);
    throw this.#launchFailed(result);
  }

  #outcome(): string {
    const { signalCode, exitCode } = this.#process;
    return signalCode === null ? `exit code ${exitCode}` : `killed by ${signalCode}`;
  }

  #launchFailed(reason: string): SkitaiError {
    const last = this.output.lastLine();
    const error = new SkitaiError("LAUNCH_FAILED", {
      name: `${this.script} did not start, ${reason}${last === "" ? "" : `: ${last}`}`,
    });
    // Hidden, and text: the output is printed already, and Bun prints errors that are causes, and details.
    const value = this.output.tail().trimEnd();
    return Object.defineProperty(error, "cause", { value, configurable: true, writable: true });
  }
}

/** A script runs in the Bun of the caller; anything else, `./petstore`, is an executable. */
function commandOf(path: string): string[] {
  return /\.[cm]?[jt]sx?$/.test(path) ? [process.execPath, path] : [path];
}

async function settledWithin(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), seconds * 1000);
  try {
    return await Promise.race([promise.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Kills what is left of a group and waits until the kernel has no member of it any more; at most 0.25 s, because a
 * zombie counts as a member, and in a container without an init nobody reaps the children of a dead master.
 */
async function killGroup(group: number): Promise<void> {
  for (const end = Bun.nanoseconds() + 0.25e9; Bun.nanoseconds() < end; await Bun.sleep(2)) {
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      return;
    }
  }
}
