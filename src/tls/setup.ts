import type { TLSOptions } from "bun";
import { SkitaiError } from "../errors.ts";
import type { ClientCertificates, TlsDeclaration } from "../config/tls-options.ts";
import { type Identity, parseCertificate, readIdentity } from "./identity.ts";
import { fileOf, nameOf, readPem } from "./pem.ts";

/** All that a worker needs to talk TLS, keys included: nothing of it is read from a file again. */
export interface TlsSetup {
  /** The first one is shown to clients that name no host, or an unknown one. */
  readonly identities: readonly Identity[];
  /** PEM. */
  readonly ca: readonly string[];
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/**
 * Reads and checks everything that `enableSsl` names.
 * @throws AggregateError of SkitaiError TLS_INVALID, one for each thing that is wrong
 */
export function readSetup({ certificates, clients }: TlsDeclaration, base: string): TlsSetup {
  const errors: SkitaiError[] = [];
  const attempt = <Result>(read: () => Result): Result[] => {
    try {
      return [read()];
    } catch (error) {
      errors.push(error as SkitaiError);
      return [];
    }
  };
  const identities = certificates.flatMap((declared) => attempt(() => readIdentity(declared, base)));
  const ca = authoritiesOf(clients).flatMap((text) => attempt(() => readAuthority(text, base)));
  if (errors.length > 0) throw new AggregateError(errors, errors.map(({ message }) => message).join("; "));
  const { requestCert = ca.length > 0, rejectUnauthorized = true } = clients;
  return { identities, ca, requestCert, rejectUnauthorized };
}

function readAuthority(text: string, base: string): string {
  const pem = readPem(text, base);
  parseCertificate(pem, nameOf(text, base));
  return pem;
}

const authoritiesOf = ({ ca = [] }: ClientCertificates): string[] => [ca].flat() as string[];

/** The files whose change is to be noticed. */
export const filesOf = ({ certificates, clients }: TlsDeclaration, base: string): string[] => [
  ...new Set(
    [...certificates.flatMap(({ cert, key }) => [cert, key]), ...authoritiesOf(clients)]
      .map((text) => fileOf(text, base))
      .filter((file) => file !== undefined),
  ),
];

/** `Bun.serve`'s form: one entry for each name, the nameless first one for all others. */
export function serveOptions({ identities, ca, requestCert, rejectUnauthorized }: TlsSetup): TLSOptions[] {
  // All entries ask alike: else a client would choose by its SNI whether it has to show a certificate.
  const clients = requestCert
    ? { requestCert, rejectUnauthorized, ...(ca.length > 0 ? { ca: [...ca] } : {}) }
    : {};
  const taken = new Set<string>();
  const options: TLSOptions[] = [];
  for (const { cert, key, serverNames } of identities) {
    if (options.length === 0) options.push({ cert, key, ...clients });
    for (const serverName of serverNames) {
      if (taken.has(serverName)) continue;
      taken.add(serverName);
      options.push({ cert, key, serverName, ...clients });
    }
  }
  return options;
}
