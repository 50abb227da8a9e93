import { lookup as systemLookup } from "node:dns/promises";
import { Refused } from "./refused.ts";

export type Lookup = (name: string) => readonly string[] | Promise<readonly string[]>;

/** Names that are being resolved at once: the system does only a few, and clients name them. */
const most = 512;

const ofSystem: Lookup = async (name) =>
  (await systemLookup(name, { all: true })).map(({ address }) => address);

/** Resolves names; who asks for the same name at the same time gets the same answer. */
export class Resolver {
  readonly #lookup: Lookup;
  readonly #timeout: number;
  readonly #pending = new Map<string, Promise<readonly string[]>>();

  /** @param timeout ms */
  constructor(lookup: Lookup | undefined, timeout: number) {
    this.#lookup = lookup ?? ofSystem;
    this.#timeout = timeout;
  }

  /** @throws Refused 502, 503, 504 */
  async addresses(name: string): Promise<readonly string[]> {
    const pending = this.#pending.get(name) ?? this.#start(name);
    const { promise, reject } = Promise.withResolvers<never>();
    const late = (): void => reject(new Refused(504, `${name} was not resolved in time`));
    const timer = setTimeout(late, this.#timeout);
    try {
      return await Promise.race([pending, promise]);
    } catch (error) {
      if (error instanceof Refused) throw error;
      throw new Refused(502, `${name} cannot be resolved`, {}, error);
    } finally {
      clearTimeout(timer);
    }
  }

  #start(name: string): Promise<readonly string[]> {
    if (this.#pending.size >= most) throw new Refused(503, "too many names are being resolved");
    const found = Promise.try(() => this.#lookup(name));
    this.#pending.set(name, found);
    const over = (): void => void this.#pending.delete(name);
    found.then(over, over);
    return found;
  }
}
