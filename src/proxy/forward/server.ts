import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as NetServer, Socket } from "node:net";
import { hostname } from "node:os";
import { parseDuration } from "../../config/units.ts";
import { refuse, refuseOn } from "./answers.ts";
import { Client } from "./client.ts";
import { Clients } from "./clients.ts";
import { tunnel, type TunnelParts } from "./connect.ts";
import { Destinations } from "./destinations.ts";
import { Exchange } from "./exchange.ts";
import { IdleWatch } from "./idle.ts";
import { listen, parser } from "./listener.ts";
import { Origins } from "./origins.ts";
import type { ForwardParts } from "./parts.ts";
import { Refused } from "./refused.ts";
import { relay, type RelayParts } from "./relay.ts";
import { Tunnels } from "./tunnels.ts";
import { upgrade } from "./upgrade.ts";

/** Clients need so long (ms) to learn that their connections close. */
const announcement = 100;
/** A request may be on its way on a connection that is idle: so long (ms) it may take at a reload. */
const onItsWay = 1000;

/** The forward proxy of one worker: requests in absolute form, websockets, and tunnels by CONNECT. Spec P3. */
export class ForwardProxy {
  readonly port: number;
  readonly #parts: ForwardParts;
  readonly #clients: Clients;
  readonly #connections = new Map<Socket, Client>();
  readonly #idle: IdleWatch;
  readonly #tunnel: TunnelParts;
  readonly #relay: RelayParts;
  readonly #patience: number;
  readonly #server: Server;
  #closing = false;
  #listener: NetServer | undefined;
  #emptied: (() => void) | undefined;

  constructor(parts: ForwardParts) {
    const { options, idle, address } = parts;
    this.#parts = parts;
    this.port = options.port;
    this.#clients = new Clients(options);
    this.#patience = idle.channel * 1000;
    const limit = idle.tunnel * 1000;
    const destinations = new Destinations(options);
    const connectTimeout = parseDuration(options.connectTimeout ?? 10)! * 1000;
    const pseudonym = pseudonymOf(address, options.port);
    this.#idle = new IdleWatch(this.#patience, limit);
    this.#tunnel = {
      destinations,
      tunnels: new Tunnels(options.maxTunnels, options.maxTunnelsPerClient),
      idle: this.#idle,
      limit,
      connectTimeout,
    };
    const origins = new Origins({ connectTimeout, patience: this.#patience, pseudonym });
    this.#relay = { parts, destinations, origins, pseudonym, closing: () => this.#closing };
    this.#server = parser(
      {
        requested: (request, response) => {
          const client = this.#connections.get(request.socket);
          client?.enqueue(() => this.#answer(client, request, response));
        },
        tunnelled: (request, socket, head) =>
          void this.#takeOver(request, socket, (exchange) => tunnel(exchange, head, this.#tunnel)),
        upgraded: (request, socket, head) =>
          void this.#takeOver(request, socket, (exchange) =>
            upgrade(exchange, head, { ...this.#relay, tunnel: this.#tunnel, patience: this.#patience }),
          ),
        malformed: (socket, code) => this.#connections.get(socket)?.malformed(code),
      },
      this.#patience,
    );
  }

  async listen(): Promise<void> {
    this.#listener = await listen({ address: this.#parts.address, port: this.port }, (socket) => {
      this.#connections.set(socket, new Client(socket, this.#idle, this.#patience));
      socket.once("close", () => this.#left(socket));
      this.#server.emit("connection", socket);
    });
  }

  /** Clients are told to connect anew for further requests. */
  announce(): void {
    this.#closing = true;
  }

  /**
   * Ends without cutting: no new connections, then requests and tunnels end, then what is left after `grace` seconds is cut.
   * Spec W5.
   * @param linger clients were told before: the listener is closed within this call, and what is left has so many seconds
   * @param hurried from then on it has `grace` seconds at most, whatever `linger` says
   */
  async drain(grace: number, linger?: number, hurried?: Promise<void>): Promise<"drained" | "cut"> {
    const started = Date.now();
    this.announce();
    if (linger === undefined) await Bun.sleep(Math.min(announcement, grace * 1000));
    this.#listener?.close();
    for (const client of this.#connections.values()) client.leave(linger === undefined ? 0 : onItsWay);
    const finished = this.#empty().then(() => "drained" as const);
    const left = Math.max((linger ?? grace) * 1000 - (Date.now() - started), 0);
    const limits = [Bun.sleep(left)];
    if (linger !== undefined && linger > grace && hurried)
      limits.push(hurried.then(() => Bun.sleep(grace * 1000)));
    const outcome = await Promise.race([finished, Promise.race(limits).then(() => "cut" as const)]);
    if (outcome === "cut") for (const socket of this.#connections.keys()) socket.destroy();
    this.#relay.origins.close();
    return outcome;
  }

  async #answer(client: Client, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = new Exchange(request, client.peer, this.#parts);
    const { promise, resolve } = Promise.withResolvers<void>();
    client.current = exchange;
    response.once("close", () => {
      if (!response.writableFinished) this.#gone(exchange);
      resolve();
    });
    try {
      await this.#admit(exchange);
      await relay(exchange, response, this.#relay);
    } catch (error) {
      this.#refuse(exchange, response, error);
    }
    if (!response.closed && !exchange.socket.destroyed) await promise;
    exchange.end();
  }

  #refuse(exchange: Exchange, response: ServerResponse, error: unknown): void {
    const refused = exchange.refusal(error);
    if (exchange.socket.destroyed) return exchange.answered(499);
    exchange.answered(refused.status);
    // A body that nobody reads would be taken for the next request.
    if (response.headersSent) exchange.socket.destroy();
    else exchange.responseBytes = refuse(response, refused, this.#closing || !exchange.request.complete);
  }

  /** For CONNECT and websockets, which have their connection for themselves. */
  async #takeOver(
    request: IncomingMessage,
    socket: Socket,
    use: (exchange: Exchange) => Promise<void>,
  ): Promise<void> {
    const client = this.#connections.get(socket);
    if (!client?.becomeTunnel()) return void socket.destroy();
    const exchange = new Exchange(request, client.peer, this.#parts);
    const gone = (): void => this.#gone(exchange);
    socket.once("close", gone);
    try {
      await this.#admit(exchange);
      await use(exchange);
    } catch (error) {
      const refused = exchange.refusal(error);
      exchange.answered(refused.status);
      exchange.responseBytes = refuseOn(socket, refused);
      client.refused();
    }
    exchange.end();
  }

  async #admit(exchange: Exchange): Promise<void> {
    this.#clients.checkAddress(exchange.peer);
    if (!exchange.version.startsWith("1.")) throw new Refused(400, "HTTP/1.1 and HTTP/1.0 only");
    exchange.user = await this.#clients.user(exchange.request.headers["proxy-authorization"]);
    if (exchange.socket.destroyed) throw new Refused(499, "the client has gone");
  }

  #gone(exchange: Exchange): void {
    if (exchange.status === 0) exchange.answered(499);
    exchange.abandon?.(new Refused(499, "the client has gone"));
  }

  /** Resolves when the last connection has gone. */
  #empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#emptied = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }

  #left(socket: Socket): void {
    this.#connections.delete(socket);
    if (this.#connections.size === 0) this.#emptied?.();
  }
}

/** What it calls itself in Via: the same in all workers, another one on each machine, and no name of one. */
const pseudonymOf = (address: string, port: number): string =>
  `skitai-${Bun.hash.xxHash32(`${hostname()} ${address} ${port}`).toString(16).padStart(8, "0")}`;
