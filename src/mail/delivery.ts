import { hostname } from "node:os";
import { domainOf } from "./address.ts";
import type { AgentSettings } from "./agent-settings.ts";
import type { Letter } from "./connection.ts";
import { signed } from "./dkim.ts";
import type { Envelope, Outcome } from "./envelope.ts";
import { type Exchangers, exchangersOf } from "./exchangers.ts";
import type { MailFile } from "./mail-file.ts";
import { Route } from "./route.ts";
import type { SmtpServer } from "./smtp-server.ts";

/** Routes that are kept; beyond that those that are quiet are forgotten. */
const mostRoutes = 256;

/** RFC 5321 4.1.4: a domain name, or the address in brackets where the host has none. */
const ownName = (): string => (/^[\w-]+(\.[\w-]+)+$/.test(hostname()) ? hostname() : "[127.0.0.1]");

type Settings = Pick<AgentSettings, "server" | "serverConnections" | "dkim">;

/**
 * Brings a mail to its server: the one that it names, else the agent's, else those of its recipients' domains. One transaction
 * for each server. Spec M5.
 */
export class Delivery {
  readonly #routes = new Map<string, Route>();
  readonly #exchangers: (domain: string) => Promise<Exchangers>;
  readonly #exchangerPort: number;
  readonly #name = ownName();
  #settings: Settings;

  /** @param exchangers who takes mail for a domain, on this port: DNS and 25 */
  constructor(settings: Settings, exchangers = exchangersOf, exchangerPort = 25) {
    this.#settings = settings;
    this.#exchangers = exchangers;
    this.#exchangerPort = exchangerPort;
  }

  /** From the next delivery on. */
  set settings(settings: Settings) {
    this.#settings = settings;
    this.close();
  }

  /** Open routes, for the status. */
  get routes(): number {
    return this.#routes.size;
  }

  /** Never throws for what a server does. */
  async deliver(envelope: Envelope, left: readonly string[], file: MailFile): Promise<Outcome> {
    const server = envelope.server ?? this.#settings.server;
    if (server !== undefined)
      return (await this.#through(server, this.#letter(envelope, left, file))).outcome;
    const outcomes: Outcome[] = [];
    for (const [domain, to] of Map.groupBy(left, domainOf))
      outcomes.push(await this.#toDomain(domain, this.#letter(envelope, to, file)));
    return outcomes.reduce(together);
  }

  close(): void {
    for (const route of this.#routes.values()) route.close();
    this.#routes.clear();
  }

  #letter({ from, server }: Envelope, to: readonly string[], file: MailFile): Letter {
    const { dkim } = this.#settings;
    if (dkim === undefined || server !== undefined)
      return { from, to, size: file.size, message: (started) => file.message(started) };
    return { from, to, size: file.size, message: (started) => signed(file.message(started), dkim) };
  }

  async #toDomain(domain: string, letter: Letter): Promise<Outcome> {
    const hosts = await this.#exchangers(domain);
    if (typeof hosts === "function") return hosts(letter.to);
    let last: Outcome | undefined;
    for (const host of hosts) {
      // RFC 7435: without a name that somebody vouches for, any encryption is better than none.
      const server: SmtpServer = {
        host,
        port: this.#exchangerPort,
        ssl: false,
        starttls: "opportunistic",
        verify: false,
        timeout: 60,
      };
      const { outcome, trouble } = await this.#through(server, letter);
      last = outcome;
      if (trouble === undefined) break;
    }
    return last!;
  }

  #through(server: SmtpServer, letter: Letter): ReturnType<Route["deliver"]> {
    const key = JSON.stringify(server);
    let route = this.#routes.get(key);
    if (route === undefined) {
      if (this.#routes.size >= mostRoutes) this.#forgetQuiet();
      route = new Route(server, this.#settings.serverConnections, this.#name);
      this.#routes.set(key, route);
    }
    return route.deliver(letter);
  }

  #forgetQuiet(): void {
    for (const [key, route] of this.#routes) if (route.quiet) this.#routes.delete(key);
  }
}

const together = (one: Outcome, other: Outcome): Outcome => ({
  done: [...one.done, ...other.done],
  failed: { ...one.failed, ...other.failed },
  deferred: { ...one.deferred, ...other.deferred },
});
