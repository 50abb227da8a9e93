import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { isNetwork, portRange, type ProxyOptions, type ProxyPorts } from "../../config/proxy-options.ts";
import { parseDuration } from "../../config/units.ts";
import { networkMatcher } from "../../http/network.ts";
import { canonicalAddress, isLoopback, isPrivate, isPublic, isUnspecified } from "./address.ts";
import { Resolver } from "./lookup.ts";
import { Refused } from "./refused.ts";
import type { Target } from "./target.ts";

type Matches<Value> = (value: Value) => boolean;

/** Names and networks of a list. */
interface Places {
  readonly names: Matches<string>;
  readonly networks: Matches<string>;
  readonly hasNetworks: boolean;
}

/** Where the proxy goes: names before they are resolved, addresses after that. Spec P3. */
export class Destinations {
  readonly #allow: Places;
  readonly #deny: Places;
  readonly #allowPrivate: boolean;
  readonly #tunnels: Matches<number>;
  readonly #requests: Matches<number>;
  readonly #own: number;
  readonly #resolver: Resolver;

  constructor({ port, allow = ["*"], deny = [], allowPrivate = false, ...options }: ProxyOptions) {
    const { connectPorts = [443], httpPorts = [80, "1024-65535"], connectTimeout = 10, lookup } = options;
    this.#allow = placesOf(allow);
    this.#deny = placesOf(deny);
    this.#allowPrivate = allowPrivate;
    this.#tunnels = portMatcher(connectPorts);
    this.#requests = portMatcher(httpPorts);
    this.#own = port;
    this.#resolver = new Resolver(lookup, parseDuration(connectTimeout)! * 1000);
  }

  /** What can be said without resolving the name, so that a name that is not allowed is told to nobody. @throws Refused 403 */
  checkName({ host, port }: Target, kind: "tunnel" | "request"): void {
    if (!(kind === "tunnel" ? this.#tunnels : this.#requests)(port))
      throw new Refused(403, `port ${port} is not allowed`);
    if (this.#deny.names(host) || !(this.#allow.names(host) || this.#allow.hasNetworks))
      throw forbidden(host);
  }

  /**
   * The addresses to connect to, each of them allowed. One that is not spoils the name: mixed answers are how a public name
   * is made to lead inside.
   * @throws Refused 403, 502, 503, 504, 508
   */
  async addresses({ host, port }: Target): Promise<readonly string[]> {
    const found = isIP(host) === 0 ? await this.#resolver.addresses(host) : [host];
    const named = this.#allow.names(host);
    const addresses = found.map((text) => canonicalAddress(text));
    if (addresses.length === 0) throw new Refused(502, `${host} cannot be resolved`);
    for (const address of addresses) {
      if (address === undefined || !this.#isAllowed(address, named)) throw forbidden(host);
      if (port === this.#own && isHere(address)) throw new Refused(508, "the proxy was asked for itself");
    }
    return addresses as string[];
  }

  #isAllowed(address: string, named: boolean): boolean {
    if (this.#deny.networks(address)) return false;
    if (this.#allow.networks(address)) return true;
    return named && (isPublic(address) || (this.#allowPrivate && isPrivate(address)));
  }
}

const forbidden = (host: string): Refused => new Refused(403, `${host} is not allowed`);

function placesOf(list: readonly string[]): Places {
  const networks = list.filter(isNetwork);
  const names = list.filter((each) => !networks.includes(each)).map((each) => each.toLowerCase());
  const whole = new Set(names.filter((name) => !name.startsWith("*")));
  const ends = names.filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
  const all = names.includes("*");
  return {
    names: (host) => all || whole.has(host) || ends.some((end) => host.endsWith(end)),
    networks: networkMatcher(networks),
    hasNetworks: networks.length > 0,
  };
}

function portMatcher(ports: ProxyPorts): Matches<number> {
  const ranges = ports.map((each) => portRange(each)!);
  return (port) => ranges.some(([first, last]) => port >= first && port <= last);
}

/** Whether it is an address of this machine. */
const isHere = (address: string): boolean =>
  isLoopback(address) ||
  isUnspecified(address) ||
  Object.values(networkInterfaces()).some((each) =>
    each?.some((own) => canonicalAddress(own.address) === address),
  );
