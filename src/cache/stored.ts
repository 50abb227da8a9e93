import type { Fields } from "../http/relay.ts";
import type { Freshness } from "./verdict.ts";

/** An answer that is kept, but for its body; plain data, as it is on disk. */
export interface Stored extends Freshness {
  readonly key: string;
  /** Names of the fields that select it, and what they were. */
  readonly names: readonly string[];
  readonly selection: string;
  readonly status: number;
  readonly reason: string;
  /** Without Age, Content-Length, Cache-Status and tags, which are made anew. */
  readonly fields: Fields;
  /** `Cache-Status` of caches before this one. */
  readonly status211: string | undefined;
  /** For purges; in lower case. */
  readonly tags: readonly string[];
  /** The purge clock when its fetch began: what was purged later is gone. */
  readonly born: number;
}

/** Whole seconds since it was made. */
export const ageOf = ({ generated }: Freshness, now: number): number =>
  Math.max(0, Math.floor((now - generated) / 1000));

/** When it stops to be fresh, in ms since 1970. */
export const freshUntil = ({ generated, lifetime }: Freshness): number => generated + lifetime * 1000;
