/** Milliseconds between two looks at requests that wait for an upstream. */
const tick = 250;

/** A request that an upstream has not answered yet. */
export interface Underway {
  /** ms since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** @param reason why nobody waits for it any more */
  giveUp(reason: "timeout" | "aborted"): void;
}

/** One timer for all: a request that is answered soon costs a place in a set, no timer and no listener on its signal. */
const waiting = new Set<Underway>();
let ticker: ReturnType<typeof setInterval> | undefined;

export function watch(request: Underway): void {
  waiting.add(request);
  ticker ??= setInterval(look, tick).unref();
}

export const unwatch = (request: Underway): boolean => waiting.delete(request);

function look(): void {
  const now = Date.now();
  for (const request of waiting) {
    if (now >= request.deadline) request.giveUp("timeout");
    else if (request.signal.aborted) request.giveUp("aborted");
  }
  if (waiting.size > 0) return;
  clearInterval(ticker);
  ticker = undefined;
}
