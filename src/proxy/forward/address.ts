import { isIP } from "node:net";
import { networkMatcher } from "../../http/network.ts";

const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

/** An address in its usual form, an IPv4-mapped one as IPv4; `undefined` when it is none, or has a zone. */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 4) return text;
  if (family !== 6 || text.includes("%")) return undefined;
  const address = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [, high, low] = mapped.exec(address) ?? [];
  if (high === undefined) return address;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low!, 16)];
  return `${first >> 8}.${first & 255}.${second >> 8}.${second & 255}`;
}

/** This machine, and networks that are somebody's own (RFC 1918, 4193, 6598). */
export const isPrivate = networkMatcher([
  ...["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
  ...["::1", "fc00::/7"],
]);

/**
 * Neither private nor public (IANA special-purpose registries): nobody, link-local with the metadata of clouds, protocols,
 * examples, multicast; and IPv6 that has an IPv4 address in it, which would lead back to any of these. IPv4-mapped ones are not
 * named, they would match all of IPv4: they are canonical as IPv4.
 */
const isSpecial = networkMatcher([
  ...["0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"],
  ...["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
  ...["::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23"],
  ...["2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fe80::/10", "fec0::/10", "ff00::/8"],
]);

export const isPublic = (address: string): boolean => !isPrivate(address) && !isSpecial(address);

export const isUnspecified = networkMatcher(["0.0.0.0/8", "::"]);
export const isLoopback = networkMatcher(["127.0.0.0/8", "::1"]);
