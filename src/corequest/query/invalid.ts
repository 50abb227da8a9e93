import { SkitaiError } from "../../errors.ts";

/** @param name the column, look-up or method that was given `value` */
export const invalid = (name: string, value: unknown, accepted: string): SkitaiError =>
  new SkitaiError("QUERY_INVALID", { name, value, accepted });

/** A value from outside in an error: what it is, not what it says, for it may be a secret. */
export function kindOf(value: unknown): unknown {
  if (value === undefined) return "undefined";
  if (typeof value === "string") return value.includes("\0") ? "text with NUL" : "text";
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return value.constructor?.name ?? "object";
}
