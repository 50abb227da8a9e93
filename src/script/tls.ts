import type { Certificate, ClientCertificates } from "../config/tls-options.ts";
import { declaration } from "./declaration.ts";

/**
 * Serves https instead of http. Certificate and key are PEM text, or paths below the script's directory; they are read by
 * the master only, and taken up anew when the files change. Several certificates, by a list or by several calls, are told
 * apart by server name (SNI); the first one is for all other names. Spec T1.
 * ```ts
 * skitai.enableSsl("server.crt", "server.key", "pass phrase");
 * skitai.enableSsl([{ cert: "a.crt", key: "a.key" }, { cert: "b.crt", key: "b.key" }], { ca: "clients.crt" });
 * ```
 */
export function enableSsl(cert: string, key: string, passphrase?: string, clients?: ClientCertificates): void;
export function enableSsl(certificates: readonly Certificate[], clients?: ClientCertificates): void;
export function enableSsl(
  given: string | readonly Certificate[],
  second?: string | ClientCertificates,
  passphrase?: string,
  clients?: ClientCertificates,
): void {
  if (typeof given !== "string") declaration.enableSsl(given, second as ClientCertificates);
  else
    declaration.enableSsl(
      [{ cert: given, key: second as string, ...(passphrase === undefined ? {} : { passphrase }) }],
      clients,
    );
}

/**
 * Sends everything that comes to port `from` by plain http to https on port `to`: GET and HEAD with 301, other methods with
 * 308, which keeps them. With a domain, other hosts of the main port are sent there as well. Spec T2.
 */
export const enableForward = (from: number, to: number, domain?: string): void =>
  declaration.enableForward(from, to, domain);
