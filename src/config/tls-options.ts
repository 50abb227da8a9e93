import { SkitaiError } from "../errors.ts";

/** One certificate with its key: PEM text, or paths below the script's directory. Spec T1. */
export interface Certificate {
  /** The certificate, followed by the intermediate ones. */
  cert: string;
  key: string;
  passphrase?: string;
  /** The name that clients ask for (SNI), `*.example.com` for one label of any. Default: the DNS names the certificate is for. */
  serverName?: string;
}

/** Certificates of clients (mutual TLS). Spec T1. */
export interface ClientCertificates {
  /** PEM text or paths of who may have signed them. Default: who this machine trusts. */
  ca?: string | readonly string[];
  /** Ask for one. Default: whether `ca` is given. */
  requestCert?: boolean;
  /** Refuse connections without a valid one. Default true. */
  rejectUnauthorized?: boolean;
}

/** All that `enableSsl` has said. */
export interface TlsDeclaration {
  readonly certificates: readonly Certificate[];
  readonly clients: ClientCertificates;
}

/** What `enableForward` has said. */
export interface ForwardDeclaration {
  /** Where plain HTTP listens. */
  readonly from: number;
  /** The port of the locations that are answered. */
  readonly to: number;
  /** Lower case; without one the request's own host. */
  readonly domain: string | undefined;
}

/** @returns what is wrong with the parts of one `enableSsl` call, as far as it can be said without reading a file */
export function tlsErrors(certificates: readonly unknown[], clients: unknown): SkitaiError[] {
  const errors: SkitaiError[] = [];
  const refuse = (value: unknown, accepted: string): void =>
    void errors.push(new SkitaiError("OPTION_INVALID", { name: "enableSsl", value, accepted }));
  if (certificates.length === 0) refuse(certificates, "one certificate or more");
  for (const certificate of certificates) {
    const { cert, key, passphrase = "", serverName = "x" } = Object(certificate) as Record<string, unknown>;
    // The values may be secrets: only their kind is shown.
    if (!isText(cert) || !isText(key) || typeof passphrase !== "string")
      refuse(undefined, "cert and key as paths or PEM text, and the pass phrase as text, if there is one");
    else if (typeof serverName !== "string" || !namePattern.test(serverName))
      refuse(serverName, 'a server name like "www.example.com" or "*.example.com"');
  }
  const { ca = [], requestCert = true, rejectUnauthorized = true, ...others } = Object(clients);
  const authorities: unknown[] = [ca].flat();
  if (!authorities.every(isText)) refuse(undefined, "ca as paths or PEM text");
  if (typeof requestCert !== "boolean" || typeof rejectUnauthorized !== "boolean")
    refuse(undefined, "requestCert and rejectUnauthorized as true or false");
  for (const name of Object.keys(others)) refuse(name, "ca, requestCert, rejectUnauthorized");
  return errors;
}

/** @returns what is wrong with an `enableForward` call */
export function forwardErrors(from: unknown, to: unknown, domain: unknown): SkitaiError[] {
  const refused = (value: unknown, accepted: string): SkitaiError[] => [
    new SkitaiError("OPTION_INVALID", { name: "enableForward", value, accepted }),
  ];
  return [
    ...[from, to].flatMap((port) => (isPort(port) ? [] : refused(port, "ports from 1 to 65535"))),
    ...(from === to ? refused(to, "two different ports") : []),
    ...(domain === undefined || (typeof domain === "string" && namePattern.test(domain) && domain[0] !== "*")
      ? []
      : refused(domain, 'a domain like "www.example.com"')),
  ];
}

const namePattern = /^(?:\*\.)?[a-z\d_](?:[a-z\d_-]*\.?)*$/i;
const isText = (value: unknown): value is string => typeof value === "string" && value.length > 0;
const isPort = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535;
