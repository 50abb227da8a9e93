import { publicAlgorithms, secretAlgorithms } from "../config/gateway-checks.ts";
import type { GatewayDeclaration } from "../config/gateway-options.ts";
import { FixedKeys, type KeyHint, type KeySource } from "./key-source.ts";
import { readKeys, type VerifyKey } from "./keys.ts";
import { RemoteKeys } from "./remote-keys.ts";
import { Verifier } from "./verify.ts";

/** RFC 7518 §3.2: of HS256. */
const goodSecret = 32;

/**
 * @returns `undefined` when no keys are declared
 * @throws SkitaiError OPTION_INVALID for keys that cannot be used
 */
export function verifierOf(
  declaration: GatewayDeclaration,
  warn: (text: string) => void,
): Verifier | undefined {
  const { secret, keys, jwks } = declaration;
  if (secret !== undefined && secret.length < goodSecret)
    warn(`gateway: the secret has ${secret.length} bytes, RFC 7518 §3.2 wants ${goodSecret} or more`);
  const fixed = [...(secret === undefined ? [] : [secretKey(secret)]), ...readKeys(keys).verify];
  if (fixed.length === 0 && jwks === undefined) return undefined;
  const able = new Set<string>(fixed.flatMap(({ algorithms }) => algorithms));
  if (jwks !== undefined) for (const name of publicAlgorithms) able.add(name);
  const algorithms = (declaration.algorithms ?? [...able]).filter((name) => able.has(name));
  const own = new FixedKeys(fixed);
  const source = jwks === undefined ? own : new BothKeys(own, new RemoteKeys(jwks, warn));
  return new Verifier(source, { ...declaration, algorithms });
}

const secretKey = (key: Uint8Array): VerifyKey => ({ kid: undefined, algorithms: secretAlgorithms, key });

/** The script's keys, else those of an issuer. */
class BothKeys implements KeySource {
  readonly #own: KeySource;
  readonly #remote: KeySource;

  constructor(own: KeySource, remote: KeySource) {
    this.#own = own;
    this.#remote = remote;
  }

  get version(): number {
    return this.#remote.version;
  }

  async keysFor(hint: KeyHint): Promise<readonly VerifyKey[]> {
    const own = await this.#own.keysFor(hint);
    // No issuer publishes what is for secrets.
    return own.length > 0 || hint.alg.startsWith("HS") ? own : await this.#remote.keysFor(hint);
  }
}
