import type { BigIntStats } from "node:fs";
import type { Stamp } from "./source.ts";

/** Inode, size and mtime to the nanosecond: a file replaced or written again within one second still differs. */
export function stampOf({ ino, size, mtimeNs }: BigIntStats): Stamp {
  const tag = `${ino.toString(36)}-${size.toString(36)}-${mtimeNs.toString(36)}`;
  return { tag, size: Number(size), mtime: Number(mtimeNs) / 1e6 };
}
