import { SkitaiError } from "../errors.ts";

export interface CallOptions {
  /** Its abort ends the job; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Seconds from the call to the result, waiting for a free host included; default none. */
  readonly timeout?: number;
}

/**
 * @param name of what is called
 * @throws SkitaiError JOB_INVALID
 */
export function checkTimeout(name: string, timeout: number | undefined): void {
  // The longest that a timer can do.
  if (timeout === undefined || (typeof timeout === "number" && timeout > 0 && timeout <= 2_147_483)) return;
  throw new SkitaiError("JOB_INVALID", {
    name: `${name}: timeout`,
    value: timeout,
    accepted: "seconds, above 0",
  });
}

/** One job that was asked for: waiting, running or settled. */
export class Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly #outcome = Promise.withResolvers<unknown>();
  readonly #signal: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #settled = false;
  /** Takes it out of the queue, or ends the host that runs it. */
  #withdraw: (call: Call) => void;

  constructor(
    name: string,
    args: readonly unknown[],
    { signal, timeout }: CallOptions,
    withdraw: (call: Call) => void,
  ) {
    this.name = name;
    this.args = args;
    this.#withdraw = withdraw;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort);
    if (timeout !== undefined) this.#timer = setTimeout(() => this.#expire(timeout), timeout * 1000);
  }

  get result(): Promise<unknown> {
    return this.#outcome.promise;
  }

  /** Called when a host has it. */
  started(withdraw: () => void): void {
    this.#withdraw = withdraw;
  }

  resolve(result: unknown): void {
    if (this.#settle()) this.#outcome.resolve(result);
  }

  reject(reason: unknown): void {
    if (this.#settle()) this.#outcome.reject(reason);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
    return true;
  }

  readonly #abort = (): void => this.#end(this.#signal?.reason);

  #expire(timeout: number): void {
    this.#end(
      new SkitaiError("JOB_TIMEOUT", {
        name: `job "${this.name}"`,
        accepted: `no result within ${timeout} s`,
      }),
    );
  }

  /** Settled first: the end of its host is then no crash of it. */
  #end(reason: unknown): void {
    this.reject(reason);
    this.#withdraw(this);
  }
}
