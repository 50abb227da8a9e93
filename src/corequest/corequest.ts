import type { Duration } from "../config/settings.ts";
import type { Result } from "./result.ts";

/** How a result is waited for. Spec Q3. */
export interface DispatchOptions {
  /** Longest time from the creation of the call. Default 10 s, or what the alias says. */
  timeout?: Duration;
  /** Keeps the result for equal calls, for so long. Default: not at all. Spec Q6. */
  cache?: Duration;
  /** Status codes that are kept. Default 200. */
  cacheIf?: readonly number[];
}

/**
 * One call or several, started already. What `Task`, `Tasks` and `Mask` have in common.
 * @typeParam Data what `fetch` gives, @typeParam One what `one` gives, @typeParam Answer what `dispatch` gives
 */
export interface Corequest<
  Data = unknown,
  One = unknown,
  Answer = Result<unknown> | readonly unknown[],
> extends PromiseLike<Data> {
  /** How it ended; never throws. */
  dispatch(options?: DispatchOptions): Promise<Answer>;
  /** Like `dispatch`; throws what `fetch` throws. */
  dispatchOrThrow(options?: DispatchOptions): Promise<Answer>;
  /** The data. @throws what went wrong, also for a status code of 300 or more */
  fetch(options?: DispatchOptions): Promise<Data>;
  /** The only row. @throws status 410 for none or several, 409 for a key that exists */
  one(options?: DispatchOptions): Promise<One>;
  /** Waits for the end, and throws what `fetch` throws. */
  commit(timeout?: Duration): Promise<void>;
  /** Waits for the end; never throws. */
  wait(timeout?: Duration): Promise<Answer>;
  /** Lets it end by itself, whatever becomes of the request, and gives `value`. Spec Q7. */
  returning<Value>(value: Value): Value;
}

export type DataOf<Item> = Item extends Corequest<infer Data, infer _One, infer _Answer> ? Data : never;
export type OneOf<Item> = Item extends Corequest<infer _Data, infer One, infer _Answer> ? One : never;
export type AnswerOf<Item> = Item extends Corequest<infer _Data, infer _One, infer Answer> ? Answer : never;
