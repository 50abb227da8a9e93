import { parseDuration } from "../config/units.ts";
import type { Cluster } from "./cluster.ts";
import type { Member } from "./member.ts";

export interface HealthOptions {
  readonly path: string;
  /** ms */
  readonly interval: number;
  readonly timeout: number;
  readonly rise: number;
  readonly fall: number;
  readonly status: number | undefined;
}

/** Where and how a member is asked: `fetch` without keep-alive, so that a full pool says nothing about its health. */
export interface Target {
  readonly url: string;
  readonly init: BunFetchRequestInit;
}

/** Asks all members of a cluster again and again, each at a time of its own. Spec P2. */
export class HealthChecks {
  readonly #options: HealthOptions;
  readonly #cluster: Cluster;
  readonly #tell: (text: string) => void;
  readonly #timers = new Map<Member, ReturnType<typeof setTimeout>>();
  #closed = false;

  /** @param tell is told of changes */
  constructor(cluster: Cluster, targetOf: (member: Member) => Target, tell: (text: string) => void) {
    const { path, interval, timeout, rise = 2, fall = 3, status } = cluster.options.health!;
    const ms = (value: unknown, usual: number): number => (parseDuration(value) ?? usual) * 1000;
    this.#options = { path, interval: ms(interval, 5), timeout: ms(timeout, 2), rise, fall, status };
    this.#cluster = cluster;
    this.#tell = tell;
    // Not all workers at once.
    for (const member of cluster.members)
      this.#later(member, targetOf(member), Math.random() * Math.min(this.#options.interval, 1000), 0);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** @param row checks in a row that said other than what is known of the member */
  #later(member: Member, target: Target, wait: number, row: number): void {
    const timer = setTimeout(() => void this.#check(member, target, row), wait);
    timer.unref();
    this.#timers.set(member, timer);
  }

  async #check(member: Member, target: Target, row: number): Promise<void> {
    const { interval, rise, fall } = this.#options;
    const problem = await this.#ask(target);
    if (this.#closed) return;
    const well = problem === undefined;
    const changed = well === member.down;
    const count = changed ? row + 1 : 0;
    const turned = changed && count >= (well ? rise : fall);
    if (turned)
      this.#tell(`${this.#cluster.name}: ${member.label} ${well ? "is back" : `is down: ${problem}`}`);
    if (turned || !changed) {
      if (well || turned) member.checked(well, Date.now());
    }
    this.#later(member, target, interval * (0.9 + Math.random() * 0.2), turned ? 0 : count);
  }

  /** @returns what is wrong */
  async #ask({ url, init }: Target): Promise<string | undefined> {
    const { path, timeout, status: wanted } = this.#options;
    try {
      const signal = AbortSignal.timeout(timeout);
      const answer = await fetch(url + path, { ...init, keepalive: false, redirect: "manual", signal });
      void answer.body?.cancel();
      const { status } = answer;
      const fits = wanted === undefined ? status >= 200 && status < 400 : status === wanted;
      return fits ? undefined : `status ${status}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
