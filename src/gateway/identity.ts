import type { Claims, IdentityNames } from "../config/gateway-options.ts";

/** A field as it goes to a member. */
export type Field = readonly [name: string, value: string];

/** Claims above this are not sent: members limit what they take as head. */
const maxClaims = 4096;

/** Who it is: `user`, else `sub`. */
export function userOf({ user, sub }: Claims): string | undefined {
  const name = user ?? sub;
  return typeof name === "string" && name !== "" ? name : typeof name === "number" ? String(name) : undefined;
}

/** Names of roles, from `roles` or `role` (a list, or a text with commas or spaces), else from `scope` (RFC 8693 §4.2). */
export function rolesOf({ roles, role, scope, scp }: Claims): readonly string[] {
  const given = roles ?? role ?? scope ?? scp;
  const list: readonly unknown[] =
    typeof given === "string" ? given.split(/[\s,]+/) : Array.isArray(given) ? given : [];
  return [...new Set(list.filter((each): each is string => typeof each === "string" && each !== ""))];
}

/** What could end a field, a list or a word is percent-encoded as in a URL, and so is `%`. */
const encoded = (text: string): string =>
  text.toWellFormed().replace(/[^\x21-\x24\x26-\x2b\x2d-\x7e]/gu, encodeURIComponent);

/** Fields that tell a member who asks. */
export function identityFields(claims: Claims, names: Required<IdentityNames>): readonly Field[] {
  const user = userOf(claims);
  const roles = rolesOf(claims);
  const json = Buffer.from(JSON.stringify(claims)).toString("base64url");
  return [
    ...(user === undefined ? [] : [[names.user, encoded(user)] as const]),
    ...(roles.length === 0 ? [] : [[names.roles, roles.map(encoded).join(",")] as const]),
    ...(json.length > maxClaims ? [] : [[names.claims, json] as const]),
  ];
}

/** Names of fields that clients may not send. */
export interface StrippedNames {
  /** @param name in any case */
  has(name: string): boolean;
}

/**
 * Fields of a client that must not reach a member, because they would look like an identity. Servers that make variables of
 * fields (CGI, WSGI) do not tell `X_Auth_User` from `X-Auth-User`.
 */
export function strippedNames(names: Required<IdentityNames>): StrippedNames {
  // Names have letters, digits and hyphens only.
  const own = Object.values(names).map((name) => `${name.replaceAll("-", "[-_]")}$`);
  const pattern = new RegExp(`^(?:x[-_]auth[-_]|${own.join("|")})`, "i");
  return { has: (name) => pattern.test(name) };
}

/** Fields as they go over the wire. */
export const linesOf = (fields: readonly Field[]): string =>
  fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
