import { layout } from "./layout.ts";

/** The next time of the one clock of all words, in µs: several names' newest time changes with each of them. */
export function tick(words: BigInt64Array): bigint {
  for (let last = Atomics.load(words, layout.clock); ;) {
    const now = BigInt(Date.now()) * 1000n;
    const next = now > last ? now : last + 1n;
    const seen = Atomics.compareExchange(words, layout.clock, last, next);
    if (seen === last) return next;
    last = seen;
  }
}

/** Of two who set it at once, the later time stays. */
export function raise(words: BigInt64Array, at: number, time: bigint): void {
  for (let last = Atomics.load(words, at); last < time;) {
    const seen = Atomics.compareExchange(words, at, last, time);
    if (seen === last) return;
    last = seen;
  }
}
