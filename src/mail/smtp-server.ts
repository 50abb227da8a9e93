import { parseDuration } from "../config/units.ts";
import { SkitaiError } from "../errors.ts";

/** How a mail server is reached. */
export interface SmtpOptions {
  /** `mail.example.com`, `mail.example.com:587`, `[::1]:25`. Port 25 by default, 465 with `ssl`. */
  server: string;
  user?: string;
  password?: string;
  /** TLS from the first byte on. Default false. */
  ssl?: boolean;
  /**
   * Whether a connection without `ssl` becomes one with TLS: `"opportunistic"` when the server offers it, `"required"`, `"never"`.
   * Default required when there is a password or token and the server is another machine, else opportunistic.
   */
  starttls?: "opportunistic" | "required" | "never";
  /** Whether the certificate must be one that this machine trusts, for this name. Default true. */
  verify?: boolean;
  /** PEM text of certificates that are trusted as well. */
  ca?: string;
  /** Default: what the server offers, in the order PLAIN, LOGIN, CRAM-MD5; XOAUTH2 with `oauth2`. */
  auth?: "PLAIN" | "LOGIN" | "CRAM-MD5" | "XOAUTH2";
  /** For XOAUTH2: a token, or what it takes to get one. */
  oauth2?: {
    accessToken?: string;
    clientId?: string;
    clientSecret?: string;
    refreshToken?: string;
    accessUrl?: string;
  };
  /** Longest silence of the server, default 60 s. */
  timeout?: number | string;
}

/** The same, checked. Seconds. */
export interface SmtpServer extends Omit<SmtpOptions, "server" | "timeout"> {
  readonly host: string;
  readonly port: number;
  readonly ssl: boolean;
  readonly starttls: "opportunistic" | "required" | "never";
  readonly verify: boolean;
  readonly timeout: number;
}

const known = [
  "server",
  "user",
  "password",
  "ssl",
  "starttls",
  "verify",
  "ca",
  "auth",
  "oauth2",
  "timeout",
] as const satisfies readonly (keyof SmtpOptions)[];

/**
 * @param call who is told what is wrong
 * @throws SkitaiError OPTION_INVALID, OPTION_UNKNOWN; what it says has no password in it
 */
export function smtpServer(call: string, options: SmtpOptions): SmtpServer {
  for (const key of Object.keys(options))
    if (!(known as readonly string[]).includes(key))
      throw new SkitaiError("OPTION_UNKNOWN", { name: `${call}: ${key}`, accepted: known.join(", ") });
  const { server, timeout = 60, ssl = false, verify = true, ...rest } = options;
  const { host, port } = addressOf(call, server, ssl);
  const seconds = parseDuration(timeout);
  if (seconds === undefined || !(seconds >= 1 && seconds <= 3600))
    throw refused(call, "timeout", timeout, "1 second to 1 hour");
  for (const [key, value] of [
    ["ssl", ssl],
    ["verify", verify],
  ] as const)
    if (typeof value !== "boolean") throw refused(call, key, value, "true or false");
  checkWords(call, options);
  const secret = rest.password !== undefined || rest.oauth2 !== undefined;
  const starttls = rest.starttls ?? (secret && !isLocal(host) ? "required" : "opportunistic");
  return { ...rest, host, port, ssl, verify, starttls, timeout: seconds };
}

function checkWords(call: string, { user, password, starttls, auth, ca, oauth2 }: SmtpOptions): void {
  for (const [key, value] of Object.entries({ user, password, ca }))
    if (value !== undefined && typeof value !== "string") throw refused(call, key, typeof value, "text");
  if (password !== undefined && user === undefined)
    throw refused(call, "user", undefined, "is missing: a password needs one");
  if (starttls !== undefined && !["opportunistic", "required", "never"].includes(starttls))
    throw refused(call, "starttls", starttls, '"opportunistic", "required" or "never"');
  if (auth !== undefined && !["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"].includes(auth))
    throw refused(call, "auth", auth, '"PLAIN", "LOGIN", "CRAM-MD5" or "XOAUTH2"');
  if (oauth2 !== undefined && (typeof oauth2 !== "object" || user === undefined))
    throw refused(call, "oauth2", undefined, "an object with accessToken or refreshToken, and a user");
}

function addressOf(call: string, server: unknown, ssl: unknown): { host: string; port: number } {
  const match = typeof server === "string" && /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(server);
  const port = match ? Number(match[2] ?? (ssl === true ? 465 : 25)) : 0;
  if (!match || port < 1 || port > 65535)
    throw refused(call, "server", server, 'a name and a port like "mail.example.com:587"');
  return { host: match[1]!.replace(/^\[|\]$/g, ""), port };
}

/** What does not leave this machine needs no TLS. */
const isLocal = (host: string): boolean => host === "localhost" || host === "::1" || /^127\./.test(host);

const refused = (call: string, key: string, value: unknown, accepted: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", { name: `${call}: ${key}`, value, accepted });

/** The call of the reference, or one object. */
export type SmtpArguments =
  [server: string, user?: string, password?: string, ssl?: boolean] | [options: SmtpOptions];

export function smtpArguments(call: string, ...given: SmtpArguments): SmtpServer {
  const [first, user, password, ssl] = given as [string | SmtpOptions, string?, string?, boolean?];
  if (typeof first === "object" && first !== null) return smtpServer(call, first);
  return smtpServer(call, {
    server: first,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(ssl === undefined ? {} : { ssl }),
  });
}
