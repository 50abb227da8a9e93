import { type Context, findContext } from "../context.ts";
import { longestTimer } from "./durations.ts";

/** Why a call is given up. */
export type CancelReason = "timeout" | "aborted";

/** Milliseconds between two looks at calls that are under way. */
const tick = 250;

/** In no order. A set would cost more than all the rest of a control. */
const underway: Control[] = [];
let ticker: ReturnType<typeof setInterval> | undefined;

/**
 * One timer for all: a call that ends soon costs a place in a list, not a timer, nor a listener on its request's signal.
 */
function look(): void {
  const now = Date.now();
  // A copy: those that are given up leave.
  for (const control of [...underway]) control.check(now);
  if (underway.length > 0 || ticker === undefined) return;
  clearInterval(ticker);
  ticker = undefined;
}

/** Calls that are not over. */
export const callsUnderway = (): number => underway.length;

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
  /** Index in `underway`, -1 when it is over. */
  #place: number;
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
    this.#place = underway.push(this) - 1;
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

  /** Milliseconds that are left, at least 1 and no more than a timer takes. */
  get left(): number {
    return Math.min(longestTimer, Math.max(1, this.#deadline - Date.now()));
  }

  /** Counted from the creation of the call, as in the reference. */
  setTimeout(seconds: number): void {
    if (this.#place < 0) return;
    this.#deadline = this.started + seconds * 1000;
    clearTimeout(this.#timer);
    const { left } = this;
    // What is later is seen by the look at all.
    if (left < longestTimer) this.#timer = setTimeout(() => this.cancel("timeout"), left);
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
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#place < 0) return false;
    const last = underway.pop()!;
    if (last !== this) {
      underway[this.#place] = last;
      last.#place = this.#place;
    }
    this.#place = -1;
    return true;
  }
}
