/** Milliseconds between two looks. */
const interval = 1000;
/** Looks that are remembered. */
const looks = 10;

/** How late timers are: what keeps a worker from hearing anything else. One wake-up in a second. */
export class LoopLag {
  readonly #late = new Float64Array(looks);
  readonly #timer: ReturnType<typeof setInterval>;
  #place = 0;
  #due = performance.now() + interval;

  constructor() {
    this.#timer = setInterval(() => this.#look(), interval).unref();
  }

  #look(): void {
    const now = performance.now();
    this.#late[this.#place++ % looks] = Math.max(0, now - this.#due);
    this.#due = now + interval;
  }

  /** The longest of the last ten seconds, ms; one that is going on included. */
  get longest(): number {
    return Math.max(0, performance.now() - this.#due, ...this.#late);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
