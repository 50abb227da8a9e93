import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Certificate } from "../config/tls-options.ts";
import { nameOf, readPem, tlsError } from "./pem.ts";

/** A certificate and its key, checked; what Bun needs to show it. */
export interface Identity {
  /** PEM, with the intermediate certificates. */
  readonly cert: string;
  /** PEM, without a pass phrase. */
  readonly key: string;
  /** Names it is shown for (SNI). */
  readonly serverNames: readonly string[];
  /** What an operator should know although it serves. */
  readonly warning: string | undefined;
}

/**
 * Reads one certificate and its key.
 * @throws SkitaiError TLS_INVALID
 */
export function readIdentity(declared: Certificate, base: string): Identity {
  const cert = readPem(declared.cert, base);
  const certName = nameOf(declared.cert, base);
  const keyName = nameOf(declared.key, base);
  const certificate = parseCertificate(cert, certName);
  const key = parseKey(readPem(declared.key, base), keyName, declared.passphrase);
  if (!certificate.checkPrivateKey(key))
    throw tlsError(keyName, `this key does not belong to the certificate ${certName}`);
  return {
    cert,
    key: key.export({ type: "pkcs8", format: "pem" }) as string,
    serverNames:
      declared.serverName === undefined ? namesOf(certificate) : [declared.serverName.toLowerCase()],
    warning: warningOf(certificate, certName),
  };
}

/** The first certificate of a PEM text. @throws SkitaiError TLS_INVALID */
export function parseCertificate(pem: string, name: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw tlsError(name, "this is no certificate in PEM form");
  }
}

function parseKey(pem: string, name: string, passphrase: string | undefined): KeyObject {
  const locked = /ENCRYPTED/.test(pem);
  if (locked && passphrase === undefined) throw tlsError(name, "this key needs a pass phrase");
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch {
    throw tlsError(name, locked ? "the pass phrase is wrong" : "this is no private key in PEM form");
  }
}

/** The DNS names of the certificate, else its common name (RFC 6125 §6.4.4). */
function namesOf(certificate: X509Certificate): string[] {
  const alternatives = certificate.subjectAltName ?? "";
  const names = [...alternatives.matchAll(/(?:^|, )DNS:([^,"]+)/g)].map((match) => match[1]!);
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  const all = names.length > 0 || common === undefined ? names : [common];
  return [...new Set(all.map((name) => name.toLowerCase()))];
}

function warningOf({ validFrom, validTo }: X509Certificate, name: string): string | undefined {
  const now = Date.now();
  if (Date.parse(validTo) < now) return `${name} has expired (${validTo}), clients will refuse it`;
  if (Date.parse(validFrom) > now) return `${name} is not valid before ${validFrom}`;
  return undefined;
}
