import { Connection, type Letter } from "./connection.ts";
import type { Outcome } from "./envelope.ts";
import { everyone, type SmtpFailure, wordsOf } from "./smtp-failure.ts";
import type { SmtpServer } from "./smtp-server.ts";

/**
 * How long (ms) a server that cannot be used is left alone: ten times as long as it took to find that out, within these. Mails that
 * come for it meanwhile are deferred at once.
 */
const [shortRest, longRest] = [1000, 30_000];

/** The way to one server: its connections, at most so many, and whoever waits for one. Spec M5. */
export class Route {
  readonly server: SmtpServer;
  readonly #limit: number;
  readonly #name: string;
  /** Connections that nobody uses, the last one used first. */
  readonly #idle: Connection[] = [];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #until = 0;
  #words = "";

  /** @param name what EHLO says */
  constructor(server: SmtpServer, limit: number, name: string) {
    this.server = server;
    this.#limit = limit;
    this.#name = name;
  }

  /** Nothing is open, and nobody waits. */
  get quiet(): boolean {
    return this.#taken === 0 && this.#idle.length === 0 && Date.now() > this.#until;
  }

  /** @returns also what is wrong with the server, if anything */
  async deliver(letter: Letter): Promise<{ outcome: Outcome; trouble?: string }> {
    if (this.#taken >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#taken += 1;
    try {
      if (Date.now() < this.#until) return this.#unusable(letter);
      return await this.#attempt(letter);
    } finally {
      // The place goes to who waits longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.quit();
  }

  async #attempt(letter: Letter): Promise<{ outcome: Outcome; trouble?: string }> {
    for (;;) {
      let connection: Connection;
      const began = Date.now();
      try {
        connection =
          this.#idle.pop() ?? (await Connection.open(this.server, this.#name, (gone) => this.#forget(gone)));
      } catch (error) {
        this.#down(error as SmtpFailure, Date.now() - began);
        return this.#unusable(letter);
      }
      const { outcome, trouble, again } = await connection.send(letter);
      if (again) continue;
      if (connection.open) this.#idle.push(connection);
      if (trouble === undefined) return { outcome };
      return { outcome, trouble: wordsOf(trouble) };
    }
  }

  #forget(connection: Connection): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #down(error: SmtpFailure, took: number): void {
    this.#until = Date.now() + Math.min(longRest, Math.max(shortRest, took * 10));
    this.#words = `${this.server.host}:${this.server.port}: ${wordsOf(error)}`;
  }

  #unusable({ to }: Letter): { outcome: Outcome; trouble: string } {
    return { outcome: everyone(to, "deferred", this.#words), trouble: this.#words };
  }
}
