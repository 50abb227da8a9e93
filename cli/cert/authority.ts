import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "@peculiar/x509";
import { SkitaiError } from "../../src/errors.ts";
import { type Identity, keyText, makeAuthority, readKeys } from "./x509.ts";

/** Ten years: it is put into browsers by hand. */
const days = 3650;

const certificateName = "ca.crt";
const keyName = "ca.key";

/** The certificate that browsers are told to trust. */
export const authorityPath = (home: string): string => join(home, ".skitai/ca", certificateName);

/**
 * The authority of this user, made when there is none. Its key never leaves its directory, and nobody else reads it.
 * @throws SkitaiError TLS_INVALID when it cannot be read, or is over
 */
export async function openAuthority(home: string): Promise<Identity> {
  const directory = join(home, ".skitai/ca");
  if (!existsSync(directory)) await create(directory);
  try {
    chmodSync(join(directory, keyName), 0o600);
    const certificate = new X509Certificate(readFileSync(join(directory, certificateName), "utf8"));
    if (certificate.notAfter.getTime() < Date.now())
      throw new Error("is over: remove the directory for a new one");
    const keys = await readKeys(readFileSync(join(directory, keyName), "utf8"), certificate);
    return { certificate, keys };
  } catch (cause) {
    throw new SkitaiError("TLS_INVALID", { name: directory, accepted: (cause as Error).message, cause });
  }
}

/** Moved into place when it is whole: of two that are made at once one counts. */
async function create(directory: string): Promise<void> {
  const above = join(directory, "..");
  mkdirSync(above, { recursive: true, mode: 0o700 });
  const made = mkdtempSync(join(above, ".ca-"));
  try {
    const { certificate, keys } = await makeAuthority(
      `Skitai development CA of ${hostname()}`.slice(0, 64),
      days,
    );
    writeFileSync(join(made, keyName), await keyText(keys), { mode: 0o600 });
    writeFileSync(join(made, certificateName), `${certificate.toString("pem")}\n`, { mode: 0o644 });
    renameSync(made, directory);
  } catch (cause) {
    if (!existsSync(directory)) throw cause;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}
