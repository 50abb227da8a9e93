import { crc32 } from "node:zlib";
import type { Stored } from "./stored.ts";

/** Marks a file of this format and version. */
const magic = Buffer.from("SKTCACH1");
export const preludeLength = 32;
/** A longer head is none of ours. */
const longestHead = 256 * 1024;

/** In a URL's own file when its answers vary: by what. They are in files beside it. */
export interface Fork {
  readonly key: string;
  readonly fork: readonly string[];
}

/** The fixed start of a file: lengths and checksums of what follows. */
export interface Prelude {
  readonly headLength: number;
  readonly headSum: number;
  readonly bodyLength: number;
  readonly bodySum: number;
}

/** A checksum that grows with the body. */
export const checksum = (bytes: Uint8Array, before = 0): number => crc32(bytes, before);

export const encodeHead = (head: Stored | Fork): Buffer => Buffer.from(JSON.stringify(head));

export function encodePrelude(head: Buffer, bodyLength: number, bodySum: number): Buffer {
  const prelude = Buffer.alloc(preludeLength);
  magic.copy(prelude);
  prelude.writeUInt32LE(head.length, 8);
  prelude.writeUInt32LE(checksum(head), 12);
  prelude.writeDoubleLE(bodyLength, 16);
  prelude.writeUInt32LE(bodySum, 24);
  // The sums of a file of zeros would be right, this one is not.
  prelude.writeUInt32LE(checksum(prelude.subarray(0, 28)), 28);
  return prelude;
}

/** @returns `undefined` for what is no prelude */
export function decodePrelude(bytes: Buffer): Prelude | undefined {
  if (bytes.length < preludeLength || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (bytes.readUInt32LE(28) !== checksum(bytes.subarray(0, 28))) return undefined;
  const headLength = bytes.readUInt32LE(8);
  if (headLength > longestHead) return undefined;
  return {
    headLength,
    headSum: bytes.readUInt32LE(12),
    bodyLength: bytes.readDoubleLE(16),
    bodySum: bytes.readUInt32LE(24),
  };
}

/** @returns `undefined` for a head that is damaged */
export function decodeHead(bytes: Buffer, { headLength, headSum }: Prelude): Stored | Fork | undefined {
  if (bytes.length !== headLength || checksum(bytes) !== headSum) return undefined;
  return JSON.parse(bytes.toString()) as Stored | Fork;
}
