import type { Declaration } from "../config/declaration.ts";
import { getswd } from "../config/paths.ts";
import type { Certificates } from "../tls/certificates.ts";
import { note } from "./worker-slot.ts";

/** The certificates of the service, watched; `undefined` for one without. `renewed` is to bring up workers that have the new ones. */
export async function openCertificates(
  { tls }: Declaration,
  renewed: () => void,
): Promise<Certificates | undefined> {
  if (tls === undefined) return undefined;
  const { Certificates } = await import("../tls/certificates.ts");
  const certificates = new Certificates(tls, getswd(), { renewed, warn: note });
  certificates.watch();
  return certificates;
}

/** What is wrong with the files of `enableSsl`. */
export async function badCertificates({ tls, errors }: Declaration): Promise<Error[]> {
  if (tls === undefined || errors.length > 0) return [];
  const { readSetup } = await import("../tls/setup.ts");
  try {
    readSetup(tls, getswd());
    return [];
  } catch (error) {
    return error instanceof AggregateError ? error.errors : [error as Error];
  }
}
