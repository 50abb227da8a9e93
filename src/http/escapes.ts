/** `/caf%c3%a9` → `/caf%C3%A9`: one way to write percent-encoded octets (RFC 3986 §6.2.2.1). The length stays. */
export const upperEscapes = (path: string): string =>
  path.includes("%") ? path.replace(/%[\da-f]{2}/gi, (octet) => octet.toUpperCase()) : path;
