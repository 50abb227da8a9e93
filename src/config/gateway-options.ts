import type { Context } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import { gatewayErrors } from "./gateway-checks.ts";
import type { Duration } from "./settings.ts";
import { parseDuration } from "./units.ts";

/** What a verified token says. Names of roles are in `roles`, `role` or `scope`; who it is in `user` or `sub`. */
export type Claims = Readonly<Record<string, unknown>>;

/** A public or private key as RFC 7517 writes it. */
export type KeyMembers = Readonly<Record<string, unknown>> & { readonly kty?: string };

/** PEM text (SPKI, PKCS #8, X.509), a JWK, or a JWK set; a private key signs too. */
export type KeyText = string | KeyMembers | { readonly keys: readonly KeyMembers[] };

/** Keys that an issuer publishes and changes. */
export interface RemoteKeySet {
  /** https, or http on this machine. */
  readonly url: string | URL;
  /** How long keys are used before they are asked for again, default 10 minutes. */
  readonly maxAge?: Duration;
  /** Shortest time between two questions, asked because of a key that is not known; default 30 s. */
  readonly cooldown?: Duration;
  /** Longest time of a question, default 5 s. */
  readonly timeout?: Duration;
}

/** Decides on tokens. Both are called in the request's async context: `was` works, so a database can be asked. Spec G2. */
export interface AuthHandler {
  /** A bearer token that is no JWT, or any at all without keys. `undefined` refuses it; `exp` of the claims is honoured. */
  handleToken?(token: string, context: Context): Verdict | Promise<Verdict>;
  /** Claims of a JWT that is verified. `true` takes them as they are, other claims go in their place, else it is refused. */
  handleClaim?(claims: Claims, context: Context): Verdict | Promise<Verdict>;
}
export type Verdict = Claims | boolean | undefined | null;

/** So many requests in such a time, counted over all workers. Spec G3. */
export interface RateLimitOptions {
  readonly limit: number;
  /** Default 60 s; at most a day. */
  readonly period?: Duration;
  /** How many may come at once, default `limit`. */
  readonly burst?: number;
  /** What is counted; default the token's subject, else the client's address. `undefined` counts nothing. */
  readonly key?: (request: Request, context: Context, claims: Claims | undefined) => string | undefined;
  /** Tell clients in every answer (`RateLimit`, `RateLimit-Policy`) rather than in 429 only; default false. */
  readonly headers?: boolean;
}

/** Names of the fields in which members get the verified identity; clients cannot send them. */
export interface IdentityNames {
  /** Default `X-Auth-User`. */
  readonly user?: string;
  /** Default `X-Auth-Roles`: comma separated. */
  readonly roles?: string;
  /** Default `X-Auth-Claims`: JSON in base64url. */
  readonly claims?: string;
}

/** How a gateway knows its clients. Of `secret`, `keys`, `jwks` and `handler.handleToken` one is needed. Spec G1. */
export interface GatewayOptions {
  /** For HS256, HS384, HS512: 16 bytes or more; RFC 7518 §3.2 wants 32. */
  readonly secret?: string | Uint8Array | undefined;
  /** For RS*, PS*, ES*, EdDSA. */
  readonly keys?: KeyText | readonly KeyText[];
  readonly jwks?: string | URL | RemoteKeySet;
  /** Default: all that the keys are for. */
  readonly algorithms?: readonly string[];
  readonly issuer?: string | readonly string[];
  readonly audience?: string | readonly string[];
  /** How far clocks may be apart, default 0. */
  readonly leeway?: Duration;
  /** Default "API Gateway". */
  readonly realm?: string;
  readonly handler?: AuthHandler;
  /** How long what the handler says of a token is kept, default 0; never beyond `exp`. */
  readonly cache?: Duration;
  readonly rateLimit?: RateLimitOptions;
  readonly identity?: IdentityNames;
}

/** What `enableGateway` has said, with its defaults; times in seconds. */
export interface GatewayDeclaration {
  readonly secret: Uint8Array | undefined;
  readonly keys: readonly KeyText[];
  readonly jwks: { url: string; maxAge: number; cooldown: number; timeout: number } | undefined;
  readonly algorithms: readonly string[] | undefined;
  readonly issuer: readonly string[];
  readonly audience: readonly string[];
  readonly leeway: number;
  readonly realm: string;
  readonly handler: AuthHandler;
  readonly cache: number;
  readonly rateLimit: GatewayRate | undefined;
  readonly identity: Required<IdentityNames>;
}

export interface GatewayRate {
  readonly limit: number;
  readonly period: number;
  readonly burst: number;
  readonly key: RateLimitOptions["key"];
  readonly headers: boolean;
}

/**
 * @returns what an `enableGateway` call says
 * @throws AggregateError of a SkitaiError OPTION_INVALID for all that is wrong; secrets and keys are not shown
 */
export function gatewayDeclaration(given: GatewayOptions): GatewayDeclaration {
  const errors = gatewayErrors(given);
  if (errors.length > 0) throw new AggregateError(errors);
  const { secret, keys, jwks, algorithms, issuer, audience, handler, rateLimit, identity } = given;
  return Object.freeze({
    secret: typeof secret === "string" ? new TextEncoder().encode(secret) : secret?.slice(),
    keys: keys === undefined ? [] : ([keys].flat() as KeyText[]),
    jwks: jwks === undefined ? undefined : remote(jwks),
    algorithms: algorithms && [...algorithms],
    issuer: issuer === undefined ? [] : [issuer].flat(),
    audience: audience === undefined ? [] : [audience].flat(),
    leeway: parseDuration(given.leeway) ?? 0,
    realm: given.realm ?? defaultRealm,
    handler: handler ?? {},
    cache: parseDuration(given.cache) ?? 0,
    rateLimit: rateLimit && rate(rateLimit),
    identity: {
      user: identity?.user ?? "X-Auth-User",
      roles: identity?.roles ?? "X-Auth-Roles",
      claims: identity?.claims ?? "X-Auth-Claims",
    },
  });
}

const defaultRealm = "API Gateway";

function remote(given: string | URL | RemoteKeySet): GatewayDeclaration["jwks"] {
  const set: RemoteKeySet = typeof given === "string" || given instanceof URL ? { url: given } : given;
  return {
    url: String(set.url),
    maxAge: parseDuration(set.maxAge) ?? 600,
    cooldown: parseDuration(set.cooldown) ?? 30,
    timeout: parseDuration(set.timeout) ?? 5,
  };
}

const rate = ({ limit, period, burst = limit, key, headers = false }: RateLimitOptions): GatewayRate => ({
  limit,
  period: parseDuration(period) ?? 60,
  burst,
  key,
  headers,
});

/** What `enableGateway` takes. */
export type EnableGateway =
  | [options: GatewayOptions]
  | [
      enabled: boolean,
      secret?: string | Uint8Array | undefined,
      realm?: string | undefined,
      options?: Omit<GatewayOptions, "secret" | "realm">,
    ];

/** `enableGateway(true, secret, realm, more)` as options; `false` is no gateway. */
export function gatewayOptions(...[given, secret, realm, more]: EnableGateway): GatewayOptions | undefined {
  if (given === false) return undefined;
  if (given === true)
    return {
      ...more,
      ...(secret === undefined ? {} : { secret }),
      ...(realm === undefined ? {} : { realm }),
    };
  if (typeof given === "object" && given !== null) return given;
  throw new SkitaiError("OPTION_INVALID", {
    name: "enableGateway",
    accepted: 'true and a secret, or options like { secret } or { jwks: "https://…" }',
  });
}
