import type { VerifyKey } from "./keys.ts";

/** The part of a JOSE header that keys are chosen by. */
export interface KeyHint {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Where keys come from. */
export interface KeySource {
  /** Changes when a key goes or comes: what was verified before counts no more. */
  readonly version: number;
  /** Keys that may have signed, as of now; asks for new ones where that can help. */
  keysFor(hint: KeyHint): readonly VerifyKey[] | Promise<readonly VerifyKey[]>;
}

/** Without `kid` all of the algorithm are tried, but not more than these. */
const maxTried = 8;

/** Keys that fit. `kid` is compared and nothing else: it opens no file and asks no database. */
export const matching = (keys: readonly VerifyKey[], { alg, kid }: KeyHint): readonly VerifyKey[] =>
  keys
    .filter(
      (key) =>
        key.algorithms.includes(alg) && (kid === undefined || key.kid === undefined || key.kid === kid),
    )
    .slice(0, maxTried);

/** Keys that stay while the process lives. */
export class FixedKeys implements KeySource {
  readonly version = 0;
  readonly #keys: readonly VerifyKey[];

  constructor(keys: readonly VerifyKey[]) {
    this.#keys = keys;
  }

  keysFor(hint: KeyHint): readonly VerifyKey[] {
    return matching(this.#keys, hint);
  }
}
