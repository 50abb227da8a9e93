import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { X509Certificate } from "@peculiar/x509";
import { SkitaiError } from "../../src/errors.ts";
import { authorityPath, openAuthority } from "./authority.ts";
import { type Identity, keyText, makeLeaf } from "./x509.ts";

export interface IssueOptions {
  /** Beside those of this machine. */
  readonly names: readonly string[];
  /** Directory, from the current one. */
  readonly out: string;
  readonly days: number;
  /** Of the user whose authority signs. */
  readonly home: string;
}

/** Paths are absolute. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly names: readonly string[];
  /** ISO 8601. */
  readonly until: string;
}

const own = ["localhost", "127.0.0.1", "::1"];
/** What browsers take from an authority that was added by hand. */
const mostDays = 825;
const hostName = /^(?:\*\.)?(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i;

/**
 * Writes a certificate for development, and its key. Spec T6.
 * @throws SkitaiError OPTION_INVALID, TLS_INVALID
 */
export async function issueCertificate({ names: given, out, days, home }: IssueOptions): Promise<Issued> {
  const names = [...new Set([...given.map(checkedName), ...own])];
  if (!Number.isInteger(days) || days < 1 || days > mostDays)
    throw new SkitaiError("OPTION_INVALID", {
      name: "--days",
      value: days,
      accepted: `an integer from 1 to ${mostDays}`,
    });
  const authority = await openAuthority(home);
  const stem = join(resolve(out), names[0]!.replace("*", "_").replaceAll(":", "-"));
  const [cert, key] = [`${stem}.crt`, `${stem}.key`];
  await refuseStrangers(cert, key, authority);
  const leaf = await makeLeaf(authority, names, days);
  try {
    mkdirSync(resolve(out), { recursive: true });
    writeFileSync(key, await keyText(leaf.keys), { mode: 0o600 });
    writeFileSync(cert, `${leaf.certificate.toString("pem")}\n`);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new SkitaiError("OPTION_INVALID", {
      name: `--out ${out}`,
      accepted: `cannot be written (${code ?? message})`,
      cause,
    });
  }
  return { cert, key, ca: authorityPath(home), names, until: leaf.certificate.notAfter.toISOString() };
}

function checkedName(name: string): string {
  if (isIP(name) || (name.length <= 253 && hostName.test(name) && !/^[\d.]+$/.test(name)))
    return name.toLowerCase();
  throw new SkitaiError("OPTION_INVALID", {
    name: "cert",
    value: name,
    accepted: 'host names like "app.test", "*.app.test", or IP addresses',
  });
}

/** A certificate of somebody else, and its key, may be somebody's only one. */
async function refuseStrangers(cert: string, key: string, authority: Identity): Promise<void> {
  const there = [cert, key].find((path) => existsSync(path));
  if (there === undefined || (await isOurs(cert, authority))) return;
  throw new SkitaiError("TLS_INVALID", {
    name: there,
    accepted: "is there already and not of this command, choose another --out",
  });
}

async function isOurs(cert: string, { certificate }: Identity): Promise<boolean> {
  try {
    return await new X509Certificate(readFileSync(cert, "utf8")).verify(
      { publicKey: certificate, signatureOnly: true },
      crypto,
    );
  } catch {
    return false;
  }
}
