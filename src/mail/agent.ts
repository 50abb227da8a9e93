import { existsSync, type FSWatcher, watch } from "node:fs";
import type { AgentSettings } from "./agent-settings.ts";
import { Backlog, type Due } from "./backlog.ts";
import { Delivery } from "./delivery.ts";
import { type Entry, entryOf } from "./entry-name.ts";
import type { Outcome } from "./envelope.ts";
import { sharedSpool } from "./place.ts";
import { type Claimed, findSpools, type Spool } from "./spool.ts";

/** Milliseconds between two looks at the whole queue: when something is due, and when nothing is known to be. */
const soonest = 1000;
const latest = 30_000;
/** Where new mail does not announce itself. */
const unwatched = 2000;
/** Names that are read before others have their turn. */
const gulp = 1000;
const purgeInterval = 3_600_000;

const seconds = (): number => Math.floor(Date.now() / 1000);

/** What the agent has done since it runs. */
export interface Counters {
  delivered: number;
  deferred: number;
  undelivered: number;
}

type Say = (text: string, type?: "info" | "warn" | "debug") => void;

/**
 * Sends what is in the spools, each mail until its server has taken or refused it for good. What it knows is on the disk: it may
 * be killed at any time. Spec M3, M4.
 */
export class Agent {
  readonly counters: Counters = { delivered: 0, deferred: 0, undelivered: 0 };
  readonly #say: Say;
  readonly #delivery: Delivery;
  readonly #backlog = new Backlog();
  readonly #watchers = new Map<string, FSWatcher>();
  #settings: AgentSettings;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = 0;
  /** What could not be written down, by id: it must not be sent again for that. */
  readonly #unsettled = new Map<string, Outcome>();
  #purge: NodeJS.Timeout | undefined;
  #looking = false;
  #again = false;
  #stopped: PromiseWithResolvers<void> | undefined;

  constructor(settings: AgentSettings, say: Say, delivery = new Delivery(settings)) {
    this.#settings = settings;
    this.#say = say;
    this.#delivery = delivery;
  }

  get waiting(): number {
    return this.#backlog.waiting;
  }

  get active(): number {
    return this.#backlog.active;
  }

  start(): void {
    this.#purge = setInterval(() => this.#purgeAll(), purgeInterval);
    this.#purgeAll();
    this.#watchUsers();
    void this.look();
  }

  set settings(settings: AgentSettings) {
    this.#settings = settings;
    this.#delivery.settings = settings;
    void this.look();
  }

  /** Begins nothing more. Resolves when what was begun has ended, or after `patience` seconds: it is sent again then. */
  async stop(patience: number): Promise<void> {
    this.#stopped = Promise.withResolvers();
    this.#backlog.clear();
    clearTimeout(this.#timer);
    clearInterval(this.#purge);
    for (const watcher of this.#watchers.values()) watcher.close();
    if (this.#backlog.active > 0) await Promise.race([this.#stopped.promise, Bun.sleep(patience * 1000)]);
    this.#delivery.close();
  }

  /** Looks through all queues for what is due. */
  async look(): Promise<void> {
    if (this.#stopped) return;
    this.#again = this.#looking;
    if (this.#looking) return;
    this.#looking = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#backlog.begin();
    let next = Number.POSITIVE_INFINITY;
    for (const spool of findSpools()) {
      this.#watch(spool);
      try {
        next = Math.min(next, await this.#lookInto(spool));
      } catch (error) {
        this.#say(`${spool.directory}: ${(error as Error).message}`, "warn");
      }
    }
    this.#looking = false;
    if (this.#again) return void this.look();
    this.#wakeAt(next);
    this.#work();
  }

  /** @returns when the next one is due that is not yet, in seconds */
  async #lookInto(spool: Spool): Promise<number> {
    let next = Number.POSITIVE_INFINITY;
    let count = 0;
    using names = spool.names("queue");
    for (const name of names) {
      if (++count % gulp === 0) {
        this.#work();
        await Bun.sleep(0);
      }
      const entry = entryOf(name);
      if (entry === undefined) continue;
      if (entry.due > seconds()) next = Math.min(next, entry.due);
      else this.#backlog.add({ spool, entry }, this.#laneOf(entry));
    }
    return next;
  }

  /** All that goes through the agent's own server is one lane. */
  #laneOf({ lane }: Entry): string {
    return lane.startsWith("d") && this.#settings.server !== undefined ? "own" : lane;
  }

  /** The next look is not later than this (s). */
  #wakeAt(next: number): void {
    if (this.#stopped) return;
    const most = this.#watchers.size > 0 ? latest : unwatched;
    const delay = Math.max(soonest, Math.min(most, next * 1000 - Date.now()));
    const at = Date.now() + delay;
    if (this.#timer !== undefined && this.#timerAt <= at) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => void this.look(), delay);
  }

  /** A mail that is put into the queue is tried at once; looking again from time to time is for what this misses. */
  #watch(spool: Spool): void {
    const path = spool.path("queue");
    if (this.#watchers.has(path)) return;
    try {
      const watcher = watch(path, (_kind, name) => {
        const entry = entryOf(name ?? "");
        if (entry === undefined || this.#stopped) return;
        if (entry.due > seconds()) return this.#wakeAt(entry.due);
        this.#backlog.add({ spool, entry }, this.#laneOf(entry));
        this.#work();
      });
      watcher.on("error", () => {
        watcher.close();
        this.#watchers.delete(path);
      });
      this.#watchers.set(path, watcher);
    } catch (error) {
      this.#say(`${path} is looked at every ${unwatched / 1000} s: ${(error as Error).message}`, "warn");
    }
  }

  /** Somebody's first mail makes a spool that nobody watches yet. */
  #watchUsers(): void {
    if (process.geteuid?.() !== 0 || !existsSync(sharedSpool)) return;
    this.#watchers.set(
      sharedSpool,
      watch(sharedSpool, () => this.#wakeAt(seconds() + 1)),
    );
  }

  #work(): void {
    const { connections, serverConnections } = this.#settings;
    while (!this.#stopped && this.#backlog.active < connections) {
      const taken = this.#backlog.take(serverConnections);
      if (taken === undefined) break;
      void this.#try(taken.due).finally(() => {
        this.#backlog.done(taken.due, taken.lane);
        if (this.#stopped && this.#backlog.active === 0) this.#stopped.resolve();
        if (this.#backlog.wanting && !this.#looking) void this.look();
        this.#work();
      });
    }
  }

  async #try({ spool, entry }: Due): Promise<void> {
    let claimed: Claimed | undefined;
    try {
      const found = spool.claim("queue", entry);
      if (found === undefined) return;
      // Another agent sends it; or somebody only looks at it.
      if (found === "taken") return this.#wakeAt(seconds() + 1);
      claimed = found;
      const { envelope, progress } = claimed.file;
      const outcome =
        this.#unsettled.get(entry.id) ??
        (await this.#delivery.deliver(envelope, progress.left, claimed.file));
      this.#unsettled.set(entry.id, outcome);
      this.#settle(spool, claimed, outcome);
      this.#unsettled.delete(entry.id);
    } catch (error) {
      this.#failed(spool, entry, claimed, error as Error);
    }
  }

  #settle(spool: Spool, claimed: Claimed, outcome: Outcome): void {
    const { entry, file } = claimed;
    const { maxRetry, retryAfter, verbose } = this.#settings;
    const refused = Object.keys(outcome.failed).length + Object.keys(file.progress.failed).length;
    const later = Object.keys(outcome.deferred).length;
    if (later === 0 && refused === 0) {
      spool.remove("queue", claimed);
      this.counters.delivered += 1;
      if (verbose) this.#say(`${entry.id} delivered to ${file.envelope.to.join(", ")}`);
      return;
    }
    file.note({ at: seconds(), outcome });
    if (later > 0 && entry.tries < maxRetry) {
      const delay = retryAfter[Math.min(entry.tries, retryAfter.length - 1)]!;
      const next = spool.move("queue", claimed, {
        due: seconds() + Math.ceil(delay),
        tries: entry.tries + 1,
      });
      this.counters.deferred += 1;
      this.#say(
        `${entry.id} deferred ${Math.ceil(delay)} s, try ${entry.tries + 1}: ${explained(outcome.deferred)}`,
      );
      if (!this.#looking) this.#wakeAt(next.due);
      return;
    }
    const words = explained({ ...file.progress.failed, ...outcome.deferred });
    spool.move("queue", claimed, { due: seconds() }, "undelivered");
    this.counters.undelivered += 1;
    this.#say(`${entry.id} undelivered: ${words}`, "warn");
  }

  /** Not the server's fault: the disk, or what is no mail. */
  #failed(spool: Spool, entry: Entry, claimed: Claimed | undefined, error: Error): void {
    this.#say(`${entry.id} in ${spool.directory}: ${error.message}`, "warn");
    try {
      claimed?.file.close();
      // Too many open files, or a disk that fails, are no reason to give a mail up.
      if (claimed === undefined && !("code" in error)) spool.setAside(entry, seconds());
    } catch {
      // It stays where it is; the next look finds it.
    }
  }

  #purgeAll(): void {
    for (const spool of findSpools()) {
      try {
        const purged = spool.purge(seconds(), this.#settings.keepDays * 86_400);
        if (purged > 0)
          this.#say(
            `${spool.directory}: ${purged} undelivered mails deleted, older than ${this.#settings.keepDays} days`,
          );
      } catch (error) {
        this.#say(`${spool.directory}: ${(error as Error).message}`, "warn");
      }
    }
  }
}

/** The first few recipients with the words of the server. */
function explained(words: Readonly<Record<string, string>>): string {
  const all = Object.entries(words);
  const shown = all.slice(0, 3).map(([address, text]) => `${address}: ${text}`);
  return shown.join("; ") + (all.length > 3 ? ` and ${all.length - 3} more` : "");
}
