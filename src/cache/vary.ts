import type { Fields } from "../http/relay.ts";
import { listOf, valueOf } from "./fields.ts";

/** More names than this are not kept. */
const mostNames = 16;
/** Characters of selecting values: a client must not fill the store with them. */
const longestSelection = 4 * 1024;

/** The fields that choose among the answers of a URL, sorted; `undefined` for `*`, or too many (RFC 9111 §4.1). */
export function varyNames(vary: string | undefined): readonly string[] | undefined {
  if (vary === undefined) return [];
  const names = [...new Set(listOf(vary))].sort();
  return names.includes("*") || names.length > mostNames ? undefined : names;
}

/**
 * What a request has in these fields, as one text: two requests of the same get the same answer. White space around
 * commas does not count. `undefined` when it is too long to be kept.
 */
export function selectionOf(fields: Fields, names: readonly string[]): string | undefined {
  let text = "";
  for (const name of names) {
    const value = valueOf(fields, name);
    // Absent and empty differ (RFC 9111 §4.1).
    text += value === undefined ? "\n" : `=${value.trim().replace(/\s*,\s*/g, ",")}\n`;
    if (text.length > longestSelection) return undefined;
  }
  return text;
}
