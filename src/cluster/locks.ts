import { SkitaiError } from "../errors.ts";
import type { Grant, LockService } from "../state/lock.ts";
import type { Link } from "./link.ts";
import { release, renew, take } from "./lock-scripts.ts";

const channel = "free";
/** ms between two tries of who waits and hears nothing; each waits a little more or less. */
const poll = 250;

interface Place {
  readonly link: Link;
  readonly machine: string;
  /** ms that a lock outlives its machine. */
  readonly ttl: number;
  /** Calls `again` when somebody gave the lock back, or it may be free. @returns ends it */
  wait(name: string, again: () => void): () => void;
}

/**
 * Locks of all machines. Who wants one gets it among those of its machine first, from the master and in order; then its machine
 * takes it in Redis, and has it for a time that it makes longer while it lives. Spec H5.
 */
export class ClusterLocks implements LockService {
  readonly #local: LockService;
  readonly #place: Place;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(local: LockService, place: Omit<Place, "wait">) {
    this.#local = local;
    this.#place = { ...place, wait: (name, again) => this.#wait(name, again) };
    place.link.listen(channel, (name) => {
      for (const again of [...(this.#waiting.get(name) ?? [])]) again();
    });
  }

  take(name: string, granted: (grant?: Grant) => void): () => void {
    let mine: ClusterLock | undefined;
    const leave = this.#local.take(name, () => (mine = new ClusterLock(name, this.#place, granted)));
    return () => {
      const underway = mine?.end();
      if (underway === undefined) leave();
      // What Redis carries out later would take the lock from the next one of this machine.
      else void underway.then(leave);
    };
  }

  #wait(name: string, again: () => void): () => void {
    const all = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, all.add(again));
    const timer = setTimeout(again, poll * (0.75 + Math.random() / 2));
    return () => {
      clearTimeout(timer);
      all.delete(again);
      if (all.size === 0) this.#waiting.delete(name);
    };
  }
}

/** A lock that is this machine's turn to take: wanted, held, and given back or lost. */
class ClusterLock {
  readonly #name: string;
  readonly #place: Place;
  readonly #granted: (grant: Grant) => void;
  readonly #token = Bun.randomUUIDv7();
  readonly #lost = new AbortController();
  #over = false;
  #isTrying = false;
  #trying: Promise<void> | undefined;
  #stopWaiting: (() => void) | undefined;
  #renewal: Timer | undefined;
  #end: Timer | undefined;

  constructor(name: string, place: Place, granted: (grant: Grant) => void) {
    this.#name = name;
    this.#place = place;
    this.#granted = granted;
    this.#trying = this.#try();
  }

  /** @returns when the call that is under way, if there is one, is over */
  end(): Promise<unknown> | undefined {
    if (!this.#over && !this.#isTrying) this.#giveBack();
    this.#over = true;
    this.#stopWaiting?.();
    this.#stopRenewal();
    return this.#isTrying ? this.#trying : undefined;
  }

  /** One call at a time; who is woken while one is under way tries once more. */
  async #try(): Promise<void> {
    const { link, machine, ttl } = this.#place;
    let woken = false;
    this.#stopWaiting = this.#place.wait(this.#name, () => (woken = true));
    const asked = Date.now();
    this.#isTrying = true;
    const fence = await this.#run(take, [machine, this.#token, ttl], [`fence:${this.#name}`]);
    this.#isTrying = false;
    this.#stopWaiting();
    if (this.#over) return void (fence !== 0 && this.#giveBack());
    if (fence > 0) {
      this.#hold(asked);
      return this.#granted({ fence, signal: this.#lost.signal });
    }
    if (woken && link.up) return this.#try();
    this.#stopWaiting = this.#place.wait(this.#name, () => {
      this.#stopWaiting?.();
      if (!this.#over) this.#trying = this.#try();
    });
  }

  /** It is sure until `ttl` after Redis was asked. */
  #hold(asked: number): void {
    const { machine, ttl } = this.#place;
    this.#stopRenewal();
    this.#end = setTimeout(() => this.#lose(), Math.max(0, asked + ttl - Date.now()));
    this.#renewal = setTimeout(async () => {
      const now = Date.now();
      const left = await this.#run(renew, [machine, this.#token, ttl]);
      if (this.#over) return;
      if (left === 1) this.#hold(now);
      else if (left === 0) this.#lose();
      else this.#again(asked);
    }, ttl / 4);
  }

  /** Redis said nothing: the time goes on. */
  #again(asked: number): void {
    if (asked + this.#place.ttl > Date.now()) this.#hold(asked);
  }

  #lose(): void {
    this.#over = true;
    this.#stopRenewal();
    const accepted = "others may have it: Redis was not reached in time";
    this.#lost.abort(new SkitaiError("LOCK_LOST", { name: `getLock("${this.#name}")`, accepted }));
  }

  #giveBack(): void {
    const { link, machine } = this.#place;
    void this.#run(release, [machine, this.#token, link.prefix + channel, this.#name]);
  }

  #stopRenewal(): void {
    clearTimeout(this.#renewal);
    clearTimeout(this.#end);
  }

  /** @returns -1 when Redis does not answer */
  async #run(script: typeof take, args: (string | number)[], more: string[] = []): Promise<number> {
    try {
      return Number(await this.#place.link.run(script, [`lock:${this.#name}`, ...more], args));
    } catch {
      return -1;
    }
  }
}
