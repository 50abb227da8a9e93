import { errors, jwtVerify, type JWTVerifyOptions } from "jose";
import type { Claims } from "../config/gateway-options.ts";
import { joseHeader } from "./credentials.ts";
import type { KeySource } from "./key-source.ts";

export interface VerifyOptions {
  /** What tokens may be signed with. */
  readonly algorithms: readonly string[];
  /** None: not looked at. */
  readonly issuer: readonly string[];
  readonly audience: readonly string[];
  /** Seconds. */
  readonly leeway: number;
}

/** What a token says, or why it does not count. */
export type Verified =
  { readonly claims: Claims; readonly fault?: never } | { readonly claims?: never; readonly fault: string };

/** Wordings are those of `was.request.JWT` in the reference. */
const invalid: Verified = { fault: "invalid token" };

/** Verifies JWTs (RFC 7519 §7.2) after the advice of RFC 8725. */
export class Verifier {
  readonly #source: KeySource;
  readonly #algorithms: ReadonlySet<string>;
  readonly #options: JWTVerifyOptions;

  constructor(source: KeySource, { algorithms, issuer, audience, leeway }: VerifyOptions) {
    this.#source = source;
    this.#algorithms = new Set(algorithms);
    this.#options = {
      clockTolerance: leeway,
      ...(issuer.length > 0 ? { issuer: [...issuer] } : {}),
      ...(audience.length > 0 ? { audience: [...audience] } : {}),
    };
  }

  /** Changes when keys do. */
  get version(): number {
    return this.#source.version;
  }

  /** @throws GatewayError when the keys cannot be had */
  async verify(token: string): Promise<Verified> {
    const { alg, kid } = joseHeader(token) ?? {};
    // What the header says of keys (jku, x5u, jwk) is not looked at: who made the token could write anything there.
    if (typeof alg !== "string" || !this.#algorithms.has(alg)) return invalid;
    if (kid !== undefined && typeof kid !== "string") return invalid;
    let last = invalid;
    for (const { key } of await this.#source.keysFor({ alg, kid })) {
      last = await this.#with(token, key, alg);
      if (last.fault !== badSignature) return last;
    }
    return last;
  }

  async #with(token: string, key: Parameters<typeof jwtVerify>[1], alg: string): Promise<Verified> {
    try {
      const { payload } = await jwtVerify(token, key, { ...this.#options, algorithms: [alg] });
      return { claims: payload };
    } catch (error) {
      return { fault: faultOf(error) };
    }
  }
}

const badSignature = "invalid signature";

function faultOf(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) return badSignature;
  if (error instanceof errors.JWTExpired) return "token expired";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "invalid token";
  if (error.claim === "nbf" && error.reason === "check_failed") return "token not activated yet";
  // Names of registered claims only: they are in the specification.
  return /^(?:iss|aud|exp|nbf|iat)$/.test(error.claim) ? `invalid ${error.claim}` : "invalid token";
}
