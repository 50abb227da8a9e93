const seconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };
const bytes: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
  tb: 1024 ** 4,
};

function scale(text: string, units: Readonly<Record<string, number>>, bare: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const factor = match && units[match[2]!.toLowerCase() || bare];
  return match && factor !== undefined && factor !== null ? Number(match[1]) * factor : undefined;
}

/** Seconds from a number of seconds or `"30s"`, `"5m"`, `"2h"`, `"1d"`, `"250ms"`; `undefined` when it is none. */
export const parseDuration = (value: unknown): number | undefined =>
  typeof value === "number" ? value : typeof value === "string" ? scale(value, seconds, "s") : undefined;

/** Bytes from a number or `"64kb"`, `"2gb"` (powers of 1024); `undefined` when it is none. */
export const parseSize = (value: unknown): number | undefined =>
  typeof value === "number" ? value : typeof value === "string" ? scale(value, bytes, "b") : undefined;

/** Whole bytes of a size that was validated before; `undefined` stays. */
export function wholeBytes(value: unknown): number | undefined {
  const size = parseSize(value);
  return size === undefined ? undefined : Math.floor(size);
}
