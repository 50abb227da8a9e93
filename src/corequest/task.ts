import type { Duration } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import { processLogs } from "../log/logs.ts";
import { type CallOutcome, corequestCounts } from "../metrics/corequests.ts";
import { inBackground } from "../system/background.ts";
import { type CancelReason, Control, defaultTimeout } from "./control.ts";
import type { Corequest, DispatchOptions } from "./corequest.ts";
import { seconds } from "./durations.ts";
import { CorequestError, notOne } from "./errors.ts";
import { Result } from "./result.ts";
import { failureCodes, STA_NETERR, STA_REQFAIL, STA_TIMEOUT, STA_UNSENT } from "./status.ts";

/** Rows for a list, else the data itself. */
export type RowOf<Data> = Data extends readonly (infer Row)[] ? Row : Data;

export interface TaskParts<Data> {
  /** For errors: where the call goes, and what it is. */
  readonly alias: string;
  readonly label: string;
  /** Seconds. Default 10. */
  readonly timeout?: number | undefined;
  /**
   * Keeps the result for equal calls, see `result-cache.ts`.
   * @param made when the call was made, ms
   */
  keep?(result: Result<Data>, made: number, seconds: number, statusCodes?: readonly number[]): void;
}

/**
 * One call to a backend, under way since it was made. Awaiting it is `fetch()`. It never rejects by itself: who does not
 * ask is not told. Given up when its request is aborted, unless `returning` or `then(callback)` took it over. Spec Q3.
 */
export class Task<Data = unknown> implements Corequest<Data, RowOf<Data>, Result<Data>> {
  readonly #parts: TaskParts<Data>;
  /** `undefined` when it was over at once. */
  readonly #control: Control | undefined;
  readonly #result: Promise<Result<Data>>;
  /** `returning` was asked for: once is enough. */
  #returned = false;

  /** @param work starts the call and never rejects; or what it would have come to */
  constructor(work: ((control: Control) => Promise<Result<Data>>) | Result<Data>, parts: TaskParts<Data>) {
    this.#parts = parts;
    if (work instanceof Result) {
      this.#result = Promise.resolve(work);
      return;
    }
    const { promise, resolve } = Promise.withResolvers<Result<Data>>();
    this.#result = promise;
    const control = new Control(parts.timeout ?? defaultTimeout, (reason) => {
      counted(parts, control, reason === "timeout" ? "timeout" : "cancelled");
      resolve(givenUp(reason, parts));
    });
    this.#control = control;
    void work(control).then((result) => {
      if (!control.end()) return;
      counted(parts, control, outcomeOf(result));
      resolve(result);
    });
  }

  /** When the call was made, ms since the epoch; 0 when it was over at once. */
  get started(): number {
    return this.#control?.started ?? 0;
  }

  /** Another task with the same end: it may be given up by itself, and this one no more. */
  follow(): Task<Data> {
    this.share();
    const { started } = this;
    const parts = this.#parts;
    const { alias, label, timeout } = parts;
    return new Task(() => this.#result, {
      alias,
      label,
      timeout,
      keep: (result, _made, life, statusCodes) => parts.keep?.(result, started, life, statusCodes),
    });
  }

  /** Others wait for it too: it does not end with its request. */
  share(): void {
    if (this.#control !== undefined) this.#control.detached = true;
  }

  async dispatch(options?: DispatchOptions): Promise<Result<Data>> {
    const result = await this.#ask(options);
    const parts = this.#parts;
    if (parts.keep !== undefined) result.keptBy((life) => parts.keep!(result, this.started, life));
    return result;
  }

  async dispatchOrThrow(options?: DispatchOptions): Promise<Result<Data>> {
    const result = await this.dispatch(options);
    if (result.error !== undefined) throw result.error;
    return result;
  }

  fetch(options?: DispatchOptions): Promise<Data> {
    return this.#ask(options).then(dataOf);
  }

  async one(options?: DispatchOptions): Promise<RowOf<Data>> {
    const result = await this.#ask(options);
    if (result.error !== undefined)
      throw result.statusCode === 409
        ? new SkitaiError("RESULT_DUPLICATE", { name: this.#parts.label, cause: result.error })
        : result.error;
    const { data } = result;
    if (!Array.isArray(data)) return data as RowOf<Data>;
    if (data.length !== 1) throw notOne(data.length);
    return data[0] as RowOf<Data>;
  }

  async commit(timeout?: Duration): Promise<void> {
    await this.fetch(timeout === undefined ? undefined : { timeout });
  }

  wait(timeout?: Duration): Promise<Result<Data>> {
    return this.dispatch(timeout === undefined ? undefined : { timeout });
  }

  returning<Value>(value: Value): Value {
    this.detach();
    return value;
  }

  /** Lets it end by itself; what goes wrong then is told in the application log. */
  detach(): void {
    if (this.#control === undefined || this.#returned) return;
    this.#returned = true;
    this.share();
    inBackground(this.fetch(), (error) => processLogs().app.traceback(error));
  }

  /** `await` waits as `fetch` does. With a callback alone, the call ends whatever becomes of the request (the reference's Future). */
  then<Fulfilled = Data, Rejected = never>(
    fulfilled?: ((data: Data) => Fulfilled | PromiseLike<Fulfilled>) | null,
    rejected?: ((error: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    // What `fetch().then(fulfilled, rejected)` does, with one promise instead of two.
    const after = this.#result.then((result) => {
      if (result.error === undefined)
        return fulfilled ? fulfilled(result.data) : (result.data as unknown as Fulfilled);
      if (rejected) return rejected(result.error);
      throw result.error;
    });
    if (rejected) return after;
    this.share();
    return untilEnd(after);
  }

  /** Nothing is made for who has no wishes. */
  #ask(options: DispatchOptions | undefined): Promise<Result<Data>> {
    return options === undefined ? this.#result : this.#askFor(options);
  }

  async #askFor({ timeout, cache, cacheIf }: DispatchOptions): Promise<Result<Data>> {
    if (timeout !== undefined) this.#control?.setTimeout(seconds(timeout));
    const result = await this.#result;
    if (cache !== undefined) this.#parts.keep?.(result, this.started, seconds(cache), cacheIf);
    return result;
  }
}

const counted = ({ alias }: TaskParts<never>, { started }: Control, outcome: CallOutcome): void =>
  corequestCounts.count(alias, outcome, Math.max(0, Date.now() - started));

function outcomeOf({ status, error }: Result<unknown>): CallOutcome {
  if (status === STA_UNSENT) return "unsent";
  if (status === STA_NETERR) return "network";
  if (status === STA_TIMEOUT) return "timeout";
  return status === STA_REQFAIL || error !== undefined ? "refused" : "ok";
}

function dataOf<Data>({ error, data }: Result<Data>): Data {
  if (error !== undefined) throw error;
  return data;
}

function givenUp<Data>(reason: CancelReason, { alias, label }: TaskParts<Data>): Result<Data> {
  const timeout = reason === "timeout";
  const error = new CorequestError(timeout ? "BACKEND_TIMEOUT" : "BACKEND_CANCELLED", { alias }, label, {
    accepted: timeout ? "an answer in time" : "a client that waits",
  });
  return new Result<Data>(undefined as Data, {
    statusCode: timeout ? failureCodes.timeout : failureCodes.cancelled,
    reason: error.message,
    error,
  });
}

/** A stop waits for it. What goes wrong is left to who has the promise. */
export function untilEnd<Value>(work: Promise<Value>): Promise<Value> {
  inBackground(work, () => {});
  return work.then();
}
