import type { AliasOptions } from "../../config/alias-options.ts";
import type { Member } from "../../upstream/member.ts";
import type { Control } from "../control.ts";
import { Turns } from "./turns.ts";

/** Nothing was sent: as many calls are under way as the alias allows, and as many wait. */
export class Crowded extends Error {}

/** Requests that wait for a place when the alias does not say how many may. */
const defaultQueue = 1024;

/** How many calls go to one member at once; `fetch` has no limit by origin. */
export class Gate {
  readonly #turns: Turns;
  readonly #queue: number;

  constructor(places: number, queue = defaultQueue) {
    this.#turns = new Turns(places, "a free connection");
    this.#queue = queue;
  }

  /** Resolves to what gives the place back. @throws Crowded */
  async enter(control: Control): Promise<() => void> {
    if (this.#turns.taken && this.#turns.waiting >= this.#queue)
      throw new Crowded(`${this.#turns.waiting} calls wait already`);
    return this.#turns.take(control);
  }
}

const gates = new WeakMap<Member, Gate>();

/** One for all calls of HTTP to a member; `undefined` when its alias has no limit. */
export function gateOf(member: Member, { connections, pool, queue }: AliasOptions): Gate | undefined {
  const places = connections ?? pool;
  if (places === undefined) return undefined;
  const gate = gates.get(member) ?? new Gate(places, queue);
  gates.set(member, gate);
  return gate;
}
