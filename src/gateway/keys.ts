import { createPrivateKey, createPublicKey, type JsonWebKeyInput } from "node:crypto";
import type { JWK } from "jose";
import type { KeyMembers, KeyText } from "../config/gateway-options.ts";
import { SkitaiError } from "../errors.ts";

/** One key that tokens may be verified with. */
export interface VerifyKey {
  readonly kid: string | undefined;
  /** What it may be used for: fixed by its type, so that no public key is ever taken for a secret (RFC 8725 §3.1). */
  readonly algorithms: readonly string[];
  readonly key: JWK | Uint8Array;
}

/** One key that signs. */
export type SigningKey = VerifyKey;

const rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const curves: Readonly<Record<string, readonly string[]>> = {
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
  Ed25519: ["EdDSA", "Ed25519"],
};
/** In bytes: RFC 7518 §3.3. */
const minModulus = 256;

/** What a public or private key is for, `[]` for one that is not for signatures. */
function algorithmsOf({ kty, crv, alg, use, key_ops: uses, n }: JWK): readonly string[] {
  if (use !== undefined && use !== "sig") return [];
  if (uses !== undefined && !["verify", "sign"].some((each) => uses.includes(each))) return [];
  const strong = kty === "RSA" && Buffer.from(String(n), "base64url").length >= minModulus;
  const able = strong ? rsa : kty === "EC" || kty === "OKP" ? (curves[String(crv)] ?? []) : [];
  return alg === undefined ? able : able.filter((each) => each === alg);
}

const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth"] as const;

/** The part of a JWK that is not secret. */
function publicPart(jwk: JWK): JWK {
  const part: JWK = { ...jwk };
  for (const name of privateMembers) delete part[name];
  // They may say "sign".
  delete part.key_ops;
  return part;
}

/** A key of a JWK set that others made; `undefined` for one of no use here, which is no error there (RFC 7517 §5). */
export function publishedKey(jwk: unknown): VerifyKey | undefined {
  if (typeof jwk !== "object" || jwk === null) return undefined;
  const algorithms = algorithmsOf(jwk as JWK);
  if (algorithms.length === 0 || !isUsable(jwk as JsonWebKeyInput["key"])) return undefined;
  const { kid } = jwk as JWK;
  return { kid: typeof kid === "string" ? kid : undefined, algorithms, key: publicPart(jwk as JWK) };
}

const isUsable = (key: JsonWebKeyInput["key"]): boolean => {
  try {
    return createPublicKey({ key, format: "jwk" }).type === "public";
  } catch {
    return false;
  }
};

/**
 * Reads the keys of an option.
 * @throws SkitaiError OPTION_INVALID that says which of them cannot be used; no key is shown
 */
export function readKeys(texts: readonly KeyText[]): { verify: VerifyKey[]; sign: SigningKey[] } {
  const jwks = texts.flatMap((text, index) => membersOf(text, index).map((jwk) => ({ jwk, index })));
  const verify: VerifyKey[] = [];
  const sign: SigningKey[] = [];
  for (const { jwk, index } of jwks) {
    if (jwk.kty === "oct") refuse(index, "a symmetric key is given as secret");
    const key = publishedKey(jwk);
    if (key === undefined)
      return refuse(index, "RSA from 2048 bits, P-256, P-384, P-521 or Ed25519, for signatures");
    verify.push(key);
    if (typeof jwk.d === "string") sign.push({ ...key, key: jwk });
  }
  return { verify, sign };
}

function membersOf(text: KeyText, index: number): readonly JWK[] {
  if (typeof text !== "string")
    return (Array.isArray(text["keys"]) ? text["keys"] : [text]) as readonly (KeyMembers & JWK)[];
  try {
    const read = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text) ? createPrivateKey : createPublicKey;
    return [read(text).export({ format: "jwk" }) as JWK];
  } catch {
    return refuse(index, "PEM text that can be read: SPKI, PKCS #8 or X.509, not encrypted");
  }
}

function refuse(index: number, accepted: string): never {
  throw new SkitaiError("OPTION_INVALID", { name: `enableGateway: key ${index + 1}`, accepted });
}
