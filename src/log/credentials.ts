/** Who sent a request, as far as its log line says. */
export interface Credentials {
  /** User name of HTTP Basic. */
  readonly user: string | undefined;
  /** Fingerprint of a bearer token: enough to find its requests, useless to an intruder. */
  readonly token: string | undefined;
}

const nobody: Credentials = Object.freeze({ user: undefined, token: undefined });
/** A client sends the same header with every request: what the last ones said is remembered. */
const remembered = new Map<string, Credentials>();
const limit = 1024;
/** Longer headers (characters) are read every time, so that clients cannot fill the memory. */
const longest = 2048;

/** User and token of an `Authorization` header (RFC 7617, RFC 6750). The token itself is never logged. */
export function credentials(header: string | null): Credentials {
  if (header === null) return nobody;
  const known = remembered.get(header);
  if (known) return known;
  const read = parse(header);
  if (header.length > longest) return read;
  if (remembered.size >= limit) remembered.clear();
  remembered.set(header, read);
  return read;
}

function parse(header: string): Credentials {
  const [scheme = "", value = ""] = header.split(" ", 2);
  if (/^bearer$/i.test(scheme)) return { user: undefined, token: fingerprint(value) };
  if (!/^basic$/i.test(scheme)) return nobody;
  const text = Buffer.from(value, "base64").toString();
  const colon = text.indexOf(":");
  // Without a colon it is no user (RFC 7617 §2), but maybe somebody's key.
  return colon < 0
    ? { user: undefined, token: fingerprint(value) }
    : { user: text.slice(0, colon) || undefined, token: undefined };
}

const fingerprint = (token: string): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(token).digest("hex").slice(0, 12)}`;
