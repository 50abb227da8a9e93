import { type Context, findContext } from "../context.ts";

/** Why a call is given up. */
export type CancelReason = "timeout" | "aborted";

/** Milliseconds between two looks at calls that are under way. */
const tick = 250;

const underway = new Set<Control>();
let ticker: ReturnType<typeof setInterval> | undefined;

/**
 * One timer for all: a call that ends soon costs a place in a set, not a timer, nor a listener on its request's signal.
 */
function look(): void {
  const now = Date.now();
  for (const control of underway) control.check(now);
  if (underway.size > 0 || ticker === undefined) return;
  clearInterval(ticker);
  ticker = undefined;
}

/** Seconds that a call may take when nobody says otherwise. */
export const defaultTimeout = 10;

/** What a call is steered by: its deadline, and the request it belongs to. */
export class Control {
  /** ms since the epoch. */
  readonly started: number = Date.now();
  /** The request that made the call. */
  readonly context: Context | undefined = findContext();
  /** It ends, whatever becomes of its request. */
  detached = false;
  /** Why it was given up. */
  reason: CancelReason | undefined;
  readonly #given: (reason: CancelReason) => void;
  #deadline: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #controller: AbortController | undefined;
  #cancel: (() => void) | undefined;

  /**
   * @param timeout seconds from now
   * @param givenUp told at once when the call is given up
   */
  constructor(timeout: number, givenUp: (reason: CancelReason) => void) {
    this.#deadline = this.started + timeout * 1000;
    this.#given = givenUp;
    underway.add(this);
    ticker ??= setInterval(look, tick).unref();
  }

  /** For backends that cancel by a signal; made when asked for. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.reason !== undefined && !this.#controller.signal.aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** For backends that cancel by a call of their own; a later one replaces it. */
  onCancel(cancel: () => void): void {
    if (this.reason === undefined) this.#cancel = cancel;
    else cancel();
  }

  /** Milliseconds that are left, at least 1. */
  get left(): number {
    return Math.max(1, this.#deadline - Date.now());
  }

  /** Counted from the creation of the call, as in the reference. */
  setTimeout(seconds: number): void {
    if (!underway.has(this)) return;
    this.#deadline = this.started + seconds * 1000;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cancel("timeout"), this.left);
  }

  check(now: number): void {
    if (now >= this.#deadline) this.cancel("timeout");
    else if (!this.detached && this.context?.signal.aborted) this.cancel("aborted");
  }

  cancel(reason: CancelReason): void {
    if (!this.end()) return;
    this.reason = reason;
    this.#given(reason);
    this.#controller?.abort();
    this.#cancel?.();
  }

  /** @returns false when it was over already */
  end(): boolean {
    clearTimeout(this.#timer);
    return underway.delete(this);
  }
}
