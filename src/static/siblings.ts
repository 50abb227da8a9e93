import type { Coding } from "../http/accept-encoding.ts";
import type { Source, Stamp } from "./source.ts";

export const SUFFIX: Readonly<Record<Coding, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

/** A build tool takes its time: at their highest levels brotli is the smallest, then zstd. */
const PRECOMPRESSED: readonly Coding[] = ["br", "zstd", "gzip"];
const COMPRESSED = /\.(?:br|zst|gz)$/;

/** A file as it is on disk now, with its precompressed siblings. */
export interface Versions {
  readonly stamp: Stamp;
  readonly siblings: ReadonlyMap<Coding, Stamp>;
}

/** The siblings of `path` that are not older than itself: an older one was forgotten by the build. Spec S3. */
export function siblingsOf(source: Source, path: string, original: Stamp): ReadonlyMap<Coding, Stamp> {
  const siblings = new Map<Coding, Stamp>();
  if (COMPRESSED.test(path)) return siblings;
  for (const coding of PRECOMPRESSED) {
    const stamp = source.stat(path + SUFFIX[coding]);
    if (typeof stamp === "object" && stamp.mtime >= original.mtime) siblings.set(coding, stamp);
  }
  return siblings;
}

/** Equal as long as nothing changed. */
export const signatureOf = ({ stamp, siblings }: Versions): string =>
  [stamp, ...siblings.values()].map(({ tag }) => tag).join(" ");
