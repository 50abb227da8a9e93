import { SkitaiError } from "../errors.ts";

/** Names that fit over all reloads; each script may have 256. Pages that nobody used take no memory. */
export const slotCount = 1024;
/** In words of 64 bits: a cache line of its own, so that two names that are counted at once do not slow each other. */
export const slotWidth = 8;
/** Where things are, in words: what this is, when the service began, the newest time given out (µs), its id in a cluster, the slots. */
export const layout = { mark: 0, start: 1, clock: 2, machine: 3, slots: 8 } as const;
/**
 * Words of a slot, from its first on, which is the name's key. Those from `foreign` on serve cluster mode, see `Mirror`; `sets`
 * and `changes` are two numbers of 32 bits each: how many there were, and how many of them Redis knows.
 */
export const word = { value: 1, flags: 2, stamp: 3, foreign: 4, sent: 5, sets: 6, changes: 7 } as const;
/** Bits of `flags`: somebody gave the name a value; its value was asked for in Redis. */
export const flag = { set: 1n, pulled: 2n } as const;
export const byteLength = 8 * (layout.slots + slotCount * slotWidth);

/** "skitai" and the version of the layout. */
const mark = 0x736b_6974_6169_0001n;

export const wordsAt = ({ buffer, byteOffset }: Uint8Array): BigInt64Array =>
  new BigInt64Array(buffer, byteOffset, byteLength / 8);

/** Makes zeros the words of a service that begins now. */
export function initialize(memory: Uint8Array): Uint8Array {
  const words = wordsAt(memory);
  const now = BigInt(Date.now()) * 1000n;
  words[layout.start] = now;
  words[layout.clock] = now;
  Atomics.store(words, layout.mark, mark);
  return memory;
}

/** @throws SkitaiError STATE_INVALID for words that another version of the engine made, or that are none */
export function check(memory: Uint8Array): Uint8Array {
  if (memory.byteLength >= byteLength && Atomics.load(wordsAt(memory), layout.mark) === mark) return memory;
  throw new SkitaiError("STATE_INVALID", {
    name: "shared words",
    accepted: "those of a service that was started by this version of skitai: restart it",
  });
}

/**
 * 64 bits of the name's SHA-256, never 0. `Bun.hash` would do, but a reload may bring another version of Bun; and among a
 * thousand names two of the same key are as likely as a wrong bit in memory.
 */
export const keyOf = (name: string): bigint =>
  new DataView(new Bun.CryptoHasher("sha256").update(name).digest().buffer).getBigInt64(0) || 1n;
