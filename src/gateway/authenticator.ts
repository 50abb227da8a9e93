import type { AuthHandler, Claims, GatewayDeclaration, Verdict } from "../config/gateway-options.ts";
import type { Context } from "../context.ts";
import { credentialsOf, joseHeader } from "./credentials.ts";
import { GatewayError, unauthorized, undecided } from "./error.ts";
import type { Verifier } from "./verify.ts";

/** What a token says, and how long that may be believed without looking again. */
export interface Authenticated {
  readonly claims: Claims;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Longest time (s) that a verified token is believed: a key that is withdrawn works no longer than this. */
const maxBelieved = 60;

/** Finds out who asks, from the `Authorization` field. */
export class Authenticator {
  /** `undefined` without keys: every token is the handler's. */
  readonly #verifier: Verifier | undefined;
  readonly #handler: AuthHandler;
  readonly #realm: string;
  readonly #leeway: number;
  readonly #cache: number;

  constructor(
    { handler, realm, leeway, cache }: Pick<GatewayDeclaration, "handler" | "realm" | "leeway" | "cache">,
    verifier: Verifier | undefined,
  ) {
    this.#verifier = verifier;
    this.#handler = handler;
    this.#realm = realm;
    this.#leeway = leeway;
    this.#cache = cache;
  }

  /** @throws GatewayError GATEWAY_TOKEN for who is not known, GATEWAY_FAILED when that cannot be found out */
  async authenticate(header: string | null, context: Context): Promise<Authenticated> {
    const found = credentialsOf(header);
    if (found.kind === "none") throw unauthorized(this.#realm, "no bearer token");
    if (found.kind === "several") throw unauthorized(this.#realm, "one token is needed", "invalid_request");
    if (found.kind === "malformed") throw this.#invalid("invalid token");
    const isJwt = this.#verifier !== undefined && joseHeader(found.token) !== undefined;
    return isJwt ? await this.#jwt(found.token, context) : await this.#opaque(found.token, context);
  }

  async #jwt(token: string, context: Context): Promise<Authenticated> {
    const { claims, fault } = await this.#verifier!.verify(token);
    if (fault !== undefined) throw this.#invalid(fault);
    const { handler, decided } = this.#asks("handleClaim");
    if (!decided) return { claims, until: this.#until(claims, claims, maxBelieved) };
    const said = await this.#ask("handleClaim", () => handler.handleClaim!(claims, context));
    if (said === undefined || said === null || said === false) throw this.#invalid("invalid token");
    const own = said === true ? claims : said;
    return { claims: own, until: this.#until(claims, own, this.#cache) };
  }

  async #opaque(token: string, context: Context): Promise<Authenticated> {
    const { handler, decided } = this.#asks("handleToken");
    if (!decided) throw this.#invalid("invalid token");
    const claims = await this.#ask("handleToken", () => handler.handleToken!(token, context));
    // `true` would say that the token is good, but not whose it is.
    if (typeof claims !== "object" || claims === null) throw this.#invalid("invalid token");
    const { exp } = claims;
    if (exp !== undefined && !(typeof exp === "number" && exp + this.#leeway > Date.now() / 1000))
      throw this.#invalid("token expired");
    return { claims, until: this.#until(claims, claims, this.#cache) };
  }

  #asks(name: keyof AuthHandler): { handler: AuthHandler; decided: boolean } {
    return { handler: this.#handler, decided: typeof this.#handler[name] === "function" };
  }

  /** Whatever goes wrong in a handler, nobody is let in by it. */
  async #ask(name: keyof AuthHandler, act: () => Verdict | Promise<Verdict>): Promise<Verdict> {
    try {
      const said: unknown = await act();
      const isVerdict =
        said === undefined ||
        typeof said === "boolean" ||
        (typeof said === "object" && !Array.isArray(said) && !(said instanceof Response));
      if (!isVerdict) throw new TypeError(`${name} returned neither claims nor a boolean`);
      return said as Verdict;
    } catch (error) {
      // A handler may refuse by an error of the gateway's own.
      throw error instanceof GatewayError ? error : undecided(name, "failed", error);
    }
  }

  /** @param most seconds */
  #until(verified: Claims, claims: Claims, most: number): number {
    const ends = [verified["exp"], claims["exp"]].filter((exp) => typeof exp === "number");
    return Math.min(Date.now() + most * 1000, ...ends.map((exp) => (exp + this.#leeway) * 1000));
  }

  #invalid(text: string): GatewayError {
    return unauthorized(this.#realm, text, "invalid_token");
  }
}
