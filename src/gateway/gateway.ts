import { LRUCache } from "lru-cache";
import type { Claims, GatewayDeclaration } from "../config/gateway-options.ts";
import type { Context } from "../context.ts";
import type { RateLimiter } from "../state/limiter.ts";
import { type AliasPolicy, aliasPolicy, type GuardedAlias } from "./alias-policy.ts";
import { Authenticator } from "./authenticator.ts";
import { forbidden, GatewayError, unauthorized } from "./error.ts";
import {
  type Field,
  identityFields,
  linesOf,
  rolesOf,
  strippedNames,
  type StrippedNames,
  userOf,
} from "./identity.ts";
import { RateLimits } from "./rate-limits.ts";
import { verifierOf } from "./verifier.ts";

/** Who is let in, and what that adds to the request and its answer. */
export interface Admission {
  readonly claims: Claims;
  readonly user: string | undefined;
  readonly roles: readonly string[];
  /** For the member, after all `strippedNames` were taken away. */
  readonly fields: readonly Field[];
  /** The same as they go over the wire, each with its line end. */
  readonly lines: string;
  /** For the answer: the state of the rate limit, if clients are to know. */
  readonly answerFields: readonly Field[];
}

/** Decides on one request of one alias. */
export type Guard = (request: Request, context: Context) => Admission | Promise<Admission>;

export interface GatewayParts {
  readonly limiter: RateLimiter;
  /** An entry of the engine's log. */
  readonly warn: (text: string) => void;
}

/** A token that was looked at before. */
interface Known {
  readonly admission: Admission;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly version: number;
}

/** Characters of all tokens that each worker remembers. */
const maxRemembered = 2 * 1024 * 1024;
const nothing: readonly Field[] = [];

/**
 * Stands before aliases: knows who asks, and lets through who may. One for each worker. Spec G1-G3.
 * Who is not let through gets an error that says so; there is no other way out.
 */
export class Gateway {
  /** What looks like an identity: the proxy takes it away from every request. */
  readonly strippedNames: StrippedNames;
  readonly #declaration: GatewayDeclaration;
  readonly #authenticator: Authenticator;
  readonly #version: () => number;
  readonly #limits: RateLimits | undefined;
  readonly #known = new LRUCache<string, Known>({
    max: 20_000,
    maxSize: maxRemembered,
    sizeCalculation: (_, header) => header.length,
  });

  /** @throws SkitaiError OPTION_INVALID for keys that cannot be used */
  constructor(declaration: GatewayDeclaration, { limiter, warn }: GatewayParts) {
    const verifier = verifierOf(declaration, warn);
    this.#declaration = declaration;
    this.#authenticator = new Authenticator(declaration, verifier);
    this.#version = () => verifier?.version ?? 0;
    this.#limits = declaration.rateLimit && new RateLimits(declaration.rateLimit, limiter);
    this.strippedNames = strippedNames(declaration.identity);
  }

  /**
   * Made once for each alias, at start. What it throws, now and then, is a GatewayError: 401, 403, 429 or 503.
   * @throws SkitaiError ALIAS_INVALID for a role or source that cannot be
   */
  guardOf(alias: GuardedAlias): Guard {
    const policy = aliasPolicy(alias);
    return (request, context) => {
      const { source } = policy;
      if (source !== undefined && !source(context.ip)) throw this.#forbidden("source is not permitted");
      const header = request.headers.get("authorization");
      const known = header === null ? undefined : this.#recall(header);
      if (known !== undefined) return this.#admit(request, context, policy, known);
      return this.#ask(header, request, context, policy);
    };
  }

  /** Forgets every token that was looked at, in this worker. */
  forget(): void {
    this.#known.clear();
  }

  #recall(header: string): Admission | undefined {
    const known = this.#known.get(header);
    if (known === undefined) return undefined;
    if (known.until > Date.now() && known.version === this.#version()) return known.admission;
    this.#known.delete(header);
    return undefined;
  }

  async #ask(
    header: string | null,
    request: Request,
    context: Context,
    policy: AliasPolicy,
  ): Promise<Admission> {
    // Before it is verified: what a key that goes meanwhile has signed is not to be remembered.
    const version = this.#version();
    const { claims, until } = await this.#authenticator
      .authenticate(header, context)
      .catch((error: unknown) => this.#refused(error, request, context));
    const admission = admissionOf(claims, this.#declaration);
    if (header !== null && until > Date.now()) this.#known.set(header, { admission, until, version });
    return this.#admit(request, context, policy, admission);
  }

  /** Who guesses tokens is counted too. */
  async #refused(error: unknown, request: Request, context: Context): Promise<never> {
    if (error instanceof GatewayError && error.status === 401) await this.#limits?.take(request, context);
    throw error;
  }

  #admit(
    request: Request,
    context: Context,
    policy: AliasPolicy,
    admission: Admission,
  ): Admission | Promise<Admission> {
    const fields = this.#limits?.take(request, context, admission.claims) ?? nothing;
    return fields instanceof Promise
      ? fields.then((each) => this.#permit(policy, admission, each))
      : this.#permit(policy, admission, fields);
  }

  #permit({ roles }: AliasPolicy, admission: Admission, answerFields: readonly Field[]): Admission {
    if (admission.roles.length === 0)
      throw unauthorized(this.#declaration.realm, "no roles", "invalid_token");
    if (roles !== undefined && !admission.roles.some((role) => roles.has(role)))
      throw this.#forbidden("role is not permitted");
    return answerFields.length === 0 ? admission : { ...admission, answerFields };
  }

  #forbidden(text: string): GatewayError {
    return forbidden(this.#declaration.realm, text);
  }
}

function admissionOf(claims: Claims, { identity }: GatewayDeclaration): Admission {
  const fields = identityFields(claims, identity);
  return Object.freeze({
    claims,
    user: userOf(claims),
    roles: rolesOf(claims),
    fields,
    lines: linesOf(fields),
    answerFields: nothing,
  });
}
