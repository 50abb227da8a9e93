import type { Redis } from "ioredis";
import type { AliasDeclaration } from "../config/alias-options.ts";
import { linkClient } from "./clients.ts";
import type { Script } from "./script.ts";

/** What a link is made of. */
export interface LinkSettings {
  readonly alias: AliasDeclaration;
  /** Begins all keys and channels. */
  readonly prefix: string;
  /** Redis is given up when it says nothing for so long, ms. */
  readonly silence: number;
}

/**
 * One worker's two connections to Redis: commands, and what others publish. Nothing waits for it while it is away: calls fail at
 * once, or after a second when it is silent. Messages that were not sent are lost; who reads them sees the gap.
 */
export class Link {
  readonly prefix: string;
  readonly #silence: number;
  readonly #commands: Redis;
  readonly #subscriber: Redis;
  readonly #listeners = new Map<string, (text: string) => void>();
  readonly #ups = new Set<() => void>();
  /** What was subscribed since both connections were there. */
  #isUp = false;
  #silent = false;
  #answered = Date.now();
  #heard = Date.now();

  constructor({ alias, prefix, silence }: LinkSettings) {
    this.prefix = prefix;
    this.#silence = silence;
    this.#commands = linkClient(alias);
    this.#subscriber = linkClient(alias);
    this.#commands.on("ready", () => this.#ready());
    this.#subscriber.on("ready", () => void this.#subscribe());
    for (const client of [this.#commands, this.#subscriber]) client.on("close", () => (this.#isUp = false));
    this.#subscriber.on("message", (channel: string, text: string) => {
      this.#heard = Date.now();
      this.#listeners.get(channel)?.(text);
    });
  }

  /** Whether a command has a chance. */
  get up(): boolean {
    return !this.#silent && this.#commands.status === "ready";
  }

  /** @returns when there is a connection, or the first attempt has failed; more follow by themselves */
  async open(): Promise<void> {
    await Promise.allSettled([this.#commands.connect(), this.#subscriber.connect()]);
  }

  /** @returns when what was said before has arrived, if Redis answers */
  async close(): Promise<void> {
    this.#listeners.clear();
    this.#ups.clear();
    this.#subscriber.disconnect();
    if (this.up) await this.#commands.quit().catch(() => {});
    this.#commands.disconnect();
  }

  /** Told each time when messages come and go again, after some may have been lost. */
  onUp(listener: () => void): void {
    this.#ups.add(listener);
    if (this.#isUp) listener();
  }

  /** @param channel without the prefix @param listener the one of this channel */
  listen(channel: string, listener: (text: string) => void): void {
    const name = this.prefix + channel;
    this.#listeners.set(name, listener);
    if (this.#subscriber.status === "ready") this.#subscriber.subscribe(name).catch(() => this.#hangUp());
  }

  /** Sent now, or never. */
  publish(channel: string, text: string): void {
    if (!this.up) return;
    this.#commands.publish(this.prefix + channel, text).then(this.#well, this.#unwell);
  }

  /** The same to see whether it answers. */
  probe(channel: string, text: string): void {
    if (this.#commands.status === "ready")
      this.#commands.publish(this.prefix + channel, text).then(this.#well, this.#unwell);
  }

  /** @param keys without the prefix @throws what Redis or the connection says, at once while it is away */
  async run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (!this.up) throw new Error("Redis is away");
    try {
      const names = keys.map((key) => this.prefix + key);
      const reply = await script.run(this.#commands, names, args);
      this.#well();
      return reply;
    } catch (error) {
      this.#unwell(error);
      throw error;
    }
  }

  /** To be called while messages of its own should come back: a connection that is dead does not know it. */
  check(): void {
    const now = Date.now();
    const { status } = this.#commands;
    if (status === "ready" && now - this.#answered > this.#silence) this.#restart(this.#commands);
    if (this.#subscriber.status === "ready" && this.up && now - this.#heard > this.#silence) this.#hangUp();
  }

  readonly #well = (): void => {
    this.#answered = Date.now();
    this.#silent = false;
  };

  readonly #unwell = (error: unknown): void => {
    if ((error as Error).message === "Command timed out") this.#silent = true;
  };

  #hangUp(): void {
    this.#restart(this.#subscriber);
  }

  #restart(client: Redis): void {
    this.#isUp = false;
    client.disconnect(true);
  }

  async #subscribe(): Promise<void> {
    this.#heard = Date.now();
    try {
      const names = [...this.#listeners.keys()];
      if (names.length > 0) await this.#subscriber.subscribe(...names);
      this.#ready();
    } catch {
      if (this.#subscriber.status === "ready") this.#hangUp();
    }
  }

  #ready(): void {
    if (this.#commands.status === "ready") this.#well();
    if (this.#isUp || this.#commands.status !== "ready" || this.#subscriber.status !== "ready") return;
    this.#isUp = true;
    for (const listener of this.#ups) listener();
  }
}
