/** RFC 6750 §2.1: what a token is made of. */
const b64token = /^[\w\-.~+/]+=*$/;
const scheme = /^bearer +/i;

/** Longest token that is looked at: a header of claims is far below; what is longer costs only time. */
export const maxToken = 8192;

/** What an `Authorization` field is. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "malformed" }
  | { readonly kind: "several" };

const none: Credentials = { kind: "none" };
const malformed: Credentials = { kind: "malformed" };
const several: Credentials = { kind: "several" };

/** Reads the field; several ones arrive joined by commas, which are in no token. */
export function credentialsOf(header: string | null): Credentials {
  if (header === null) return none;
  // Two fields may be told apart differently by who comes next: neither of them counts.
  if (header.length <= maxToken && /,\s*(?:bearer|basic|digest)\s/i.test(header)) return several;
  const [prefix] = scheme.exec(header) ?? [];
  if (prefix === undefined) return /^bearer$/i.test(header) ? malformed : none;
  const token = header.slice(prefix.length);
  return token.length <= maxToken && b64token.test(token) ? { kind: "token", token } : malformed;
}

/** Whether a token has the form of a JWS in compact form with a JOSE header, however wrong that may be (RFC 7515 §7.1). */
export function joseHeader(token: string): Readonly<Record<string, unknown>> | undefined {
  const [head, , , ...more] = token.split(".", 4);
  if (head === undefined || more.length > 0 || !/^[\w-]+\.[\w-]*\.[\w-]*$/.test(token)) return undefined;
  try {
    const header: unknown = JSON.parse(utf8.decode(Buffer.from(head, "base64url")));
    return typeof header === "object" && header !== null && !Array.isArray(header)
      ? (header as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
