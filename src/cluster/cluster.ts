import type { AliasDeclaration } from "../config/alias-options.ts";
import type { Bus } from "../state/bus.ts";
import { keyOf } from "../state/layout.ts";
import type { RateLimiter } from "../state/limiter.ts";
import type { LockService } from "../state/lock.ts";
import { hex, type Mirror } from "../state/mirror.ts";
import type { Words } from "../state/words.ts";
import { ClusterLimiter } from "./limiter.ts";
import { Link } from "./link.ts";
import { ClusterLocks } from "./locks.ts";
import { Peers } from "./peers.ts";
import { WordsKeeper } from "./words.ts";

/** What one worker shares with others of its machine, and brings into a cluster. */
export interface ClusterParts {
  readonly alias: AliasDeclaration;
  readonly prefix: string;
  /** ms */
  readonly ttl: number;
  readonly words: Words;
  readonly mirror: Mirror;
  readonly bus: Bus;
  readonly locks: LockService;
  readonly limiter: RateLimiter;
  readonly warn: (text: string) => void;
}

/** ms that a worker waits for the values of the others before it serves. */
const longestStart = 3000;
/** No name of an app's: those have 100 characters at most. */
const keeperLock = "cluster:".padEnd(101, "-");

/** One worker's part of a cluster. Spec H5. */
export class ClusterMember {
  readonly locks: LockService;
  readonly limiter: RateLimiter;
  readonly #link: Link;
  readonly #peers: Peers;
  readonly #keeper: WordsKeeper;
  readonly #leave: () => void;

  constructor({ alias, prefix, ttl, words, mirror, bus, locks, limiter }: ClusterParts) {
    const link = new Link({ alias, prefix: `${prefix}:`, silence: Math.max(0.6 * ttl, 3000) });
    this.#link = link;
    this.locks = new ClusterLocks(locks, { link, machine: mirror.machine(), ttl });
    this.limiter = new ClusterLimiter(link, limiter);
    this.#peers = new Peers(link, bus, { mirror, ttl });
    words.onChange((name) => this.#peers.changed([hex(keyOf(name))]));
    this.#keeper = new WordsKeeper(link, mirror);
    // The master gives it to the next worker when this one is gone.
    this.#leave = locks.take(keeperLock, () => this.#keeper.begin());
  }

  async open({ mirror, alias, warn }: ClusterParts): Promise<void> {
    const deadline = Date.now() + longestStart;
    await Promise.race([this.#link.open(), Bun.sleep(longestStart)]);
    while (!mirror.pulled && Date.now() < deadline) await Bun.sleep(5);
    if (mirror.pulled) return;
    warn(
      `${alias.name} does not answer: this worker starts with the states of its own machine and joins later`,
    );
  }

  async close(): Promise<void> {
    this.#peers.close();
    await this.#keeper.end();
    this.#leave();
    await this.#link.close();
  }
}
