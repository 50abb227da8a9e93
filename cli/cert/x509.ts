import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { isIP } from "node:net";

/** P-256: every browser and every TLS library knows it. */
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A certificate with the private key of it. */
export interface Identity {
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
}

const newKeys = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

/** RFC 5280 §4.1.2.2: positive, at most 20 octets, not to be guessed. */
const newSerial = (): string => `01${crypto.getRandomValues(new Uint8Array(15)).toHex()}`;

const day = 86_400_000;
/** Ahead of a clock that is an hour behind. */
const begin = (): Date => new Date(Date.now() - day / 24);

/** One that signs others; it may not make authorities itself. */
export async function makeAuthority(name: string, days: number): Promise<Identity> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: [{ O: ["Skitai development"] }, { CN: [name] }],
      notBefore: begin(),
      notAfter: new Date(begin().getTime() + days * day),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    crypto,
  );
  return { certificate, keys };
}

/**
 * One that a server shows for `names`, host names and addresses. It ends with its authority at the latest.
 * @param days from now
 */
export async function makeLeaf(
  authority: Identity,
  names: readonly string[],
  days: number,
): Promise<Identity> {
  const keys = await newKeys();
  const { certificate: issuer } = authority;
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      // Nobody reads it any more, and it may not be longer than 64 characters.
      subject: [{ O: ["Skitai development"] }, { CN: [names[0]!.slice(0, 64)] }],
      issuer: issuer.subject,
      notBefore: begin(),
      notAfter: new Date(Math.min(begin().getTime() + days * day, issuer.notAfter.getTime())),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: authority.keys.privateKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(names.map(generalName)),
        await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, crypto),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    crypto,
  );
  return { certificate, keys };
}

const generalName = (name: string): JsonGeneralName => ({ type: isIP(name) ? "ip" : "dns", value: name });

/** PKCS #8 as PEM. */
export async function keyText({ privateKey }: CryptoKeyPair): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  const lines = bytes.toBase64().match(/.{1,64}/g)!;
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

/** The other way; the public half is the certificate's. */
export async function readKeys(text: string, certificate: X509Certificate): Promise<CryptoKeyPair> {
  const base64 = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/.exec(text)?.[1];
  if (base64 === undefined) throw new Error("is no private key");
  const bytes = Uint8Array.fromBase64(base64);
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", bytes, algorithm, true, ["sign"]),
    publicKey: await certificate.publicKey.export(crypto),
  };
}
