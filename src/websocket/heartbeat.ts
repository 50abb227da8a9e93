/** Who is looked after; `beat` comes four times in each timeout. */
export interface Pulse {
  beat(): void;
}

const hearts = new Map<number, Heart>();

/** One timer for all connections with the same timeout. */
class Heart {
  readonly #pulses = new Set<Pulse>();
  readonly #period: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(period: number) {
    this.#period = period;
  }

  add(pulse: Pulse): void {
    this.#pulses.add(pulse);
    this.#timer ??= setInterval(() => this.#beat(), this.#period).unref();
  }

  delete(pulse: Pulse): void {
    this.#pulses.delete(pulse);
    if (this.#pulses.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    for (const pulse of this.#pulses) pulse.beat();
  }
}

/**
 * Beats so long that it takes four of them to make a timeout.
 * @param timeout ms
 */
export function heartOf(timeout: number): Heart {
  let heart = hearts.get(timeout);
  // Timeouts stand in programs, not in requests: there are few.
  if (heart === undefined) hearts.set(timeout, (heart = new Heart(timeout / 4)));
  return heart;
}

export type { Heart };

/** Beats without a sign of life after which a client is asked for one, and after which it is gone. */
export const beatsToPing = 2;
export const beatsToEnd = 5;
