/** Milliseconds between two looks at requests that wait for an upstream. */
const tick = 250;

/** A request that an upstream has not answered yet. */
export interface Underway {
  /** ms since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Index among those that wait, -1 when it does not. */
  place: number;
  /** @param reason why nobody waits for it any more */
  giveUp(reason: "timeout" | "aborted"): void;
}

/** In no order: a set costs more than a place in a list. */
const waiting: Underway[] = [];
let ticker: ReturnType<typeof setInterval> | undefined;

/** One timer for all: a request that is answered soon costs a place in a list, no timer and no listener on its signal. */
export function watch(request: Underway): void {
  request.place = waiting.push(request) - 1;
  ticker ??= setInterval(look, tick).unref();
}

export function unwatch(request: Underway): void {
  const { place } = request;
  if (place < 0) return;
  request.place = -1;
  const last = waiting.pop()!;
  if (last === request) return;
  waiting[place] = last;
  last.place = place;
}

function look(): void {
  const now = Date.now();
  // A copy: those that are given up leave.
  for (const request of [...waiting]) {
    if (request.place < 0) continue;
    if (now >= request.deadline) request.giveUp("timeout");
    else if (request.signal.aborted) request.giveUp("aborted");
  }
  if (waiting.length > 0) return;
  clearInterval(ticker);
  ticker = undefined;
}
