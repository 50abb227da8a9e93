import { SkitaiError } from "../errors.ts";
import type { Rate, RateLimiter, Take } from "./limiter.ts";

/** Keys that are counted at one time; memory of those that nobody uses is not taken. */
const bucketCount = 65_536;
/** Places a key may have; the one that is not used any more, else the one that is used least, goes. */
const ways = 8;
/** In words of 64 bits: what this is, a secret, then the buckets: the key, and when all of its requests are paid off (µs). */
const at = { mark: 0, seed: 1, buckets: 8 } as const;
const width = 2;
export const limitsLength = 8 * (at.buckets + bucketCount * width);

/** "limits" and the version of the layout. */
const mark = 0x6c69_6d69_7473_0001n;

const wordsOf = ({ buffer, byteOffset }: Uint8Array): BigInt64Array =>
  new BigInt64Array(buffer, byteOffset, limitsLength / 8);

/** Makes zeros a table of nothing. */
export function initializeLimits(memory: Uint8Array): Uint8Array {
  const words = wordsOf(memory);
  words[at.seed] = crypto.getRandomValues(new BigInt64Array(1))[0]!;
  Atomics.store(words, at.mark, mark);
  return memory;
}

/**
 * GCRA (ITU-T I.371) in memory that processes share: of each key one time is kept, up to which its requests are paid off.
 * Each request moves it by one interval, with one compare-and-exchange: no lock that a process could die with, and no
 * count that is lost. A stolen place of a key that is in use, when more than the table holds are, makes that key begin anew.
 */
export class MemoryLimiter implements RateLimiter {
  readonly #words: BigInt64Array;
  readonly #seed: Uint8Array;
  readonly #now: () => number;

  /**
   * @param memory laid out by `initializeLimits`
   * @param now milliseconds since 1970
   * @throws SkitaiError STATE_INVALID for what another version of the engine made
   */
  constructor(memory: Uint8Array, now: () => number = Date.now) {
    if (memory.byteLength !== limitsLength || Atomics.load(wordsOf(memory), at.mark) !== mark)
      throw new SkitaiError("STATE_INVALID", {
        name: "shared rate limits",
        accepted: "those of a service that was started by this version of skitai: restart it",
      });
    this.#words = wordsOf(memory);
    this.#seed = new Uint8Array(new BigInt64Array([this.#words[at.seed]!]).buffer);
    this.#now = now;
  }

  take(key: string, { limit, period, burst }: Rate): Take {
    const words = this.#words;
    const interval = Math.ceil((period * 1e6) / limit);
    const whole = burst * interval;
    const code = this.#codeOf(key);
    for (;;) {
      const now = this.#now() * 1000;
      const bucket = this.#bucketOf(code, now);
      const before = Atomics.load(words, bucket + 1);
      const paid = Math.max(Number(before), now);
      if (paid > now + whole) {
        // The clock was set back: nobody is shut out for longer than the limit does.
        Atomics.compareExchange(words, bucket + 1, before, BigInt(now + whole));
        continue;
      }
      if (paid + interval > now + whole) return verdict(false, paid - now, interval, whole);
      const after = paid + interval;
      if (Atomics.compareExchange(words, bucket + 1, before, BigInt(after)) !== before) continue;
      if (Atomics.load(words, bucket) === code) return verdict(true, after - now, interval, whole);
    }
  }

  /** 64 bits that nobody outside can choose, so that no client can sit on another's place; never 0. */
  #codeOf(key: string): bigint {
    const digest = new Bun.CryptoHasher("sha256").update(this.#seed).update(key).digest();
    return new DataView(digest.buffer).getBigInt64(0) || 1n;
  }

  #bucketOf(code: bigint, now: number): number {
    const words = this.#words;
    const home = Number(BigInt.asUintN(16, code));
    for (;;) {
      const found = this.#look(home, code, now);
      if (found.code === code) return found.bucket;
      if (Atomics.compareExchange(words, found.bucket, found.code, code) !== found.code) continue;
      // The next owner owes nothing of what the last one did; if somebody counted here meanwhile, it stays.
      if (found.paid > now) Atomics.compareExchange(words, found.bucket + 1, BigInt(found.paid), 0n);
      // Two who came at once may have chosen two places: the first one counts.
      const first = this.#look(home, code, now);
      if (first.code !== code || first.bucket === found.bucket) return found.bucket;
      Atomics.compareExchange(words, found.bucket, code, 0n);
      return first.bucket;
    }
  }

  /** Where the key is, else where it may go. */
  #look(home: number, code: bigint, now: number): Place {
    const words = this.#words;
    let best: Place | undefined;
    for (let way = 0; way < ways; way++) {
      const bucket = at.buckets + ((home + way) % bucketCount) * width;
      const owner = Atomics.load(words, bucket);
      if (owner === code) return { bucket, code: owner, paid: 0 };
      const paid = owner === 0n ? 0 : Number(Atomics.load(words, bucket + 1));
      if (best === undefined || Math.max(paid, now) < Math.max(best.paid, now))
        best = { bucket, code: owner, paid };
    }
    return best!;
  }
}

interface Place {
  readonly bucket: number;
  readonly code: bigint;
  readonly paid: number;
}

/** @param owed microseconds until all requests are paid off */
const verdict = (allowed: boolean, owed: number, interval: number, whole: number): Take => ({
  allowed,
  remaining: allowed ? Math.floor((whole - owed) / interval) : 0,
  wait: Math.max(0, owed + interval - whole) / 1e6,
  reset: owed / 1e6,
});
