import { isIPv6 } from "node:net";
import type { Claims, GatewayRate } from "../config/gateway-options.ts";
import type { Context } from "../context.ts";
import type { RateLimiter, Take } from "../state/limiter.ts";
import { limited, undecided } from "./error.ts";
import { type Field, userOf } from "./identity.ts";

/** Longest key that is counted as it is; longer ones are cut, clients make some of them. */
const maxKey = 512;

/** The limit of a gateway: whose requests are counted, and what clients are told of it. */
export class RateLimits {
  readonly #rate: GatewayRate;
  readonly #limiter: RateLimiter;
  readonly #policy: string;

  constructor(rate: GatewayRate, limiter: RateLimiter) {
    this.#rate = rate;
    this.#limiter = limiter;
    this.#policy = `"default";q=${rate.limit};w=${Math.ceil(rate.period)}`;
  }

  /**
   * Counts one request.
   * @param claims of who is let in; `undefined` for who is not
   * @returns fields of the answer
   * @throws GatewayError GATEWAY_LIMIT
   */
  take(request: Request, context: Context, claims?: Claims): readonly Field[] | Promise<readonly Field[]> {
    const { key: own } = this.#rate;
    const key = own === undefined ? keyOf(context, claims) : own(request, context, claims);
    if (key === undefined) return none;
    const take = this.#limiter.take(key.slice(0, maxKey), this.#rate);
    if (!(take instanceof Promise)) return this.#answer(take);
    return take.then(
      (each) => this.#answer(each),
      (error: unknown) => {
        throw undecided("rate limit", "cannot be counted", error);
      },
    );
  }

  #answer(take: Take): readonly Field[] {
    const { allowed, remaining, wait, reset } = take;
    if (allowed && !this.#rate.headers) return none;
    const seconds = Math.max(1, Math.ceil(allowed ? reset : wait));
    // draft-ietf-httpapi-ratelimit-headers-10 §3, §4
    const fields = { "ratelimit-policy": this.#policy, ratelimit: `"default";r=${remaining};t=${seconds}` };
    if (allowed) return Object.entries(fields);
    throw limited({ "retry-after": String(seconds), ...fields });
  }
}

const none: readonly Field[] = [];

/** By name, else by address; a client has 2^64 addresses of IPv6, so its network counts (RFC 6177). */
function keyOf({ ip }: Context, claims: Claims | undefined): string {
  const user = claims === undefined ? undefined : userOf(claims);
  return user === undefined ? `ip:${isIPv6(ip) ? networkOf(ip) : ip}` : `user:${user}`;
}

/** The first 64 bits of an address. */
export function networkOf(address: string): string {
  const [before = "", after] = address.split("%")[0]!.split("::", 2);
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  // The last 32 bits may be written as an address of IPv4: two groups.
  const groups = head.length + tail.length + (address.includes(".") ? 1 : 0);
  const zeros = after === undefined ? [] : new Array<string>(8 - groups).fill("0");
  const all = [...head, ...zeros, ...tail].slice(0, 4);
  return all.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}
