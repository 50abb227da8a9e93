import { SkitaiError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Host, StartHost } from "./host.ts";
import { type HostAnswer, isAnswer } from "./messages.ts";
import { unpackError } from "./packed-error.ts";

/** What a slot tells its pool. */
export interface SlotEvents {
  /** It can take a job. */
  readonly free: (slot: Slot) => void;
  /** Its host is gone, or will be. `failure` when it never ran. */
  readonly gone: (slot: Slot, failure?: { readonly reason: string; readonly cause: unknown }) => void;
}

/** One host of a pool, and the job that it runs. */
export class Slot {
  readonly #host: Host;
  readonly #events: SlotEvents;
  readonly #startTimer: ReturnType<typeof setTimeout>;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #call: Call | undefined;
  #ready = false;
  #gone = false;
  /** Jobs it has run. */
  #jobs = 0;

  /**
   * @param patience seconds it may take until it can run jobs
   * @throws the system's error when no host can be made
   */
  constructor(start: StartHost, events: SlotEvents, patience: number) {
    this.#events = events;
    this.#host = start({
      message: (message) => isAnswer(message) && !this.#gone && this.#take(message),
      exited: (reason, cause) => this.#exited(reason, cause),
    });
    this.#startTimer = setTimeout(() => {
      this.#exited(`did not reach run() within ${patience} s`);
      this.#host.kill();
    }, patience * 1000);
  }

  get starting(): boolean {
    return !this.#ready;
  }

  get jobs(): number {
    return this.#jobs;
  }

  get busy(): boolean {
    return this.#call !== undefined;
  }

  run(call: Call): void {
    clearTimeout(this.#idleTimer);
    this.#call = call;
    try {
      this.#host.send({ type: "job", name: call.name, args: call.args });
      call.started(() => this.end());
    } catch (error) {
      this.#call = undefined;
      call.reject(isCloneError(error) ? notCloneable(call, error) : crashed(call, "is gone", error));
      // Not now: the pool is giving out jobs, and thousands may be such.
      if (isCloneError(error)) queueMicrotask(() => this.#gone || this.#events.free(this));
      else this.end();
    }
  }

  /** Ends it when it had nothing to do for `seconds`. */
  rest(seconds: number): void {
    this.#idleTimer = setTimeout(() => this.close(), seconds * 1000).unref();
  }

  reopenLogs(): void {
    if (!this.#ready || this.#gone) return;
    try {
      this.#host.send({ type: "reopen" });
    } catch {
      // It has just ended, which is known a moment later.
    }
  }

  /** It has nothing to do, and may end in its own way. */
  close(): void {
    if (this.busy) return this.end();
    this.#exited("was closed");
    this.#host.close();
  }

  /** At once, with what it does. */
  end(): void {
    this.#exited("was ended");
    this.#host.kill();
  }

  #take(answer: HostAnswer): void {
    if (answer.type === "ready") {
      this.#ready = true;
      clearTimeout(this.#startTimer);
      return this.#events.free(this);
    }
    const call = this.#call;
    if (call === undefined) return;
    if (answer.type === "crashed")
      return this.#exited("ended by an error nobody caught", unpackError(answer.error));
    this.#call = undefined;
    this.#jobs += 1;
    if (answer.type === "done") call.resolve(answer.result);
    else if (answer.type === "invalid") call.reject(invalid(call, answer.reason));
    else call.reject(failed(call, unpackError(answer.error)));
    this.#events.free(this);
  }

  #exited(reason: string, cause?: unknown): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#startTimer);
    clearTimeout(this.#idleTimer);
    const call = this.#call;
    this.#call = undefined;
    call?.reject(crashed(call, reason, cause));
    this.#events.gone(this, this.#ready ? undefined : { reason, cause });
  }
}

const label = ({ name }: Call): string => `job "${name}"`;

const isCloneError = (error: unknown): boolean => (error as Error | undefined)?.name === "DataCloneError";

const invalid = (call: Call, accepted: string, cause?: unknown): SkitaiError =>
  new SkitaiError("JOB_INVALID", { name: label(call), accepted, cause });

const failed = (call: Call, cause: Error): SkitaiError =>
  new SkitaiError("JOB_FAILED", {
    name: label(call),
    accepted: `threw ${cause.name}: ${cause.message}`.replace(/\s+/g, " ").slice(0, 300),
    cause,
  });

/** The host of a job is gone. */
export const crashed = (call: Call, reason: string, cause?: unknown): SkitaiError =>
  new SkitaiError("JOB_CRASHED", { name: label(call), accepted: `its host ${reason}`, cause });

/** Says which argument it is: looked for only when copying all of them failed. */
function notCloneable(call: Call, cause: unknown): SkitaiError {
  const position = call.args.findIndex((arg) => {
    try {
      structuredClone(arg);
      return false;
    } catch {
      return true;
    }
  });
  const value = call.args[position];
  const kind = typeof value === "object" ? (value?.constructor?.name ?? "object") : typeof value;
  return invalid(
    call,
    `argument ${position + 1} cannot be copied, it is or holds what cannot (${kind})`,
    cause,
  );
}
