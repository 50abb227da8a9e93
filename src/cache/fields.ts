import type { Fields } from "../http/relay.ts";

/** Hop-by-hop fields (RFC 9110 §7.6.1): never stored, whoever let them through. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * All values of a field, joined as RFC 9110 §5.3 says; `undefined` when there is none.
 * @param wanted lower case
 */
export function valueOf(fields: Fields, wanted: string): string | undefined {
  let found: string | undefined;
  for (const [name, value] of fields) {
    if (name.length !== wanted.length || (name !== wanted && name.toLowerCase() !== wanted)) continue;
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** @param names lower case */
export const without = (fields: Fields, names: ReadonlySet<string>): Fields =>
  fields.filter(([name]) => !names.has(name.toLowerCase()));

/** Without what is of one connection only, `Connection`'s own list included. */
export function endToEnd(fields: Fields): Fields {
  const listed = valueOf(fields, "connection");
  const names = listed === undefined ? hopByHop : new Set([...hopByHop, ...listOf(listed)]);
  return without(fields, names);
}

/** The members of a list of names, in lower case. */
export const listOf = (list: string): string[] =>
  list
    .toLowerCase()
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");

/** Bytes that fields take in a message, roughly: what their names and values have. */
export const sizeOf = (fields: Fields): number =>
  fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
