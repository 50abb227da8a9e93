import type { JWTPayload } from "jose";
import { secretAlgorithms } from "../config/gateway-checks.ts";
import type { Claims, GatewayDeclaration } from "../config/gateway-options.ts";
import type { Duration } from "../config/settings.ts";
import { parseDuration } from "../config/units.ts";
import { SkitaiError } from "../errors.ts";

export interface TokenOptions {
  /** Default 1 hour. */
  readonly expiresIn?: Duration;
  /** Default HS256 with a secret, else the first one that a private key of `keys` is for. */
  readonly algorithm?: string;
}

/**
 * A JWT that the gateway believes. `iat` and `exp` are set; `iss` and `aud` are the gateway's, unless the claims have some.
 * @param declaration of `enableGateway`
 * @throws SkitaiError OPTION_INVALID without a key that signs, or for claims or options that cannot be
 */
export async function issueToken(
  declaration: GatewayDeclaration | undefined,
  claims: Claims,
  { expiresIn = 3600, algorithm }: TokenOptions = {},
): Promise<string> {
  if (declaration === undefined) return refuse(undefined, "only after enableGateway");
  const seconds = parseDuration(expiresIn);
  if (seconds === undefined || !(seconds > 0 && seconds < 1e10)) refuse(expiresIn, "expiresIn above 0 s");
  if (typeof claims !== "object" || claims === null || Array.isArray(claims))
    refuse(undefined, "claims as an object");
  // Processes that issue no token do without.
  const { SignJWT } = await import("jose");
  const { alg, kid, key } = await signingKey(declaration, algorithm);
  const now = Math.floor(Date.now() / 1000);
  const [issuer] = declaration.issuer;
  const [audience] = declaration.audience;
  const payload = {
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(audience === undefined ? {} : { aud: audience }),
    iat: now,
    exp: now + Math.ceil(seconds!),
    ...claims,
  } as JWTPayload;
  const header = { alg, typ: "JWT", ...(kid === undefined ? {} : { kid }) };
  return await new SignJWT(payload).setProtectedHeader(header).sign(key);
}

async function signingKey(
  { secret, keys, algorithms }: GatewayDeclaration,
  wanted: string | undefined,
): Promise<{
  alg: string;
  kid: string | undefined;
  key: Parameters<InstanceType<typeof import("jose").SignJWT>["sign"]>[0];
}> {
  const { readKeys } = await import("./keys.ts");
  const able = [
    ...(secret === undefined
      ? []
      : [{ kid: undefined, algorithms: secretAlgorithms as readonly string[], key: secret }]),
    ...readKeys(keys).sign,
  ];
  for (const { kid, key, ...each } of able) {
    const usable = each.algorithms.filter((name) => algorithms?.includes(name) ?? true);
    const alg = wanted === undefined ? usable[0] : usable.find((name) => name === wanted);
    if (alg !== undefined) return { alg, kid, key };
  }
  if (wanted === undefined || able.length === 0)
    return refuse(undefined, "with a secret or a private key in keys");
  return refuse(wanted, `algorithm as one of ${able.flatMap((each) => each.algorithms).join(", ")}`);
}

function refuse(value: unknown, accepted: string): never {
  throw new SkitaiError("OPTION_INVALID", { name: "gateway.token", value, accepted });
}
