import { randomBytes } from "node:crypto";

/** What the name of a queued file says, so that a look at the queue opens none of them. */
export interface Entry {
  /** When it is tried next, seconds since 1970; of an undelivered one when it was given up. */
  readonly due: number;
  readonly tries: number;
  /** Where it goes, folded: `s` and a hash of its own server, or `d` and one of its recipients' domain. */
  readonly lane: string;
  readonly id: string;
}

export const nameOf = ({ due, tries, lane, id }: Entry): string =>
  `${String(Math.floor(due)).padStart(11, "0")}.${tries}.${lane}.${id}`;

/** `undefined` for a file that is no queued mail. */
export function entryOf(name: string): Entry | undefined {
  const match = /^(\d{11})\.(\d{1,6})\.([sd][\da-f]{8})\.([\da-z]+-[\da-f]{16})$/.exec(name);
  return match
    ? { due: Number(match[1]), tries: Number(match[2]), lane: match[3]!, id: match[4]! }
    : undefined;
}

/** One of a kind, later ones behind earlier ones. */
export const newId = (now: number): string =>
  `${Math.floor(now).toString(36).padStart(9, "0")}-${randomBytes(8).toString("hex")}`;

export const laneOf = (kind: "s" | "d", where: string): string =>
  kind + (Bun.hash.xxHash32(where) >>> 0).toString(16).padStart(8, "0");
