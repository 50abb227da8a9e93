import { Context, currentContext, runWith } from "../context.ts";
import { type Handler, Connection } from "./connection.ts";
import { SocketError } from "./error.ts";
import { handshakeOf } from "./handshake.ts";
import type { Settings } from "./options.ts";

/** Seconds after which a client that found the worker full should try again. */
const retryAfter = "5";

/** One `websocket(…)` of an app, in one worker. */
export class Endpoint {
  readonly #settings: Settings;
  readonly #handler: Handler;
  #clients = 0;

  constructor(settings: Settings, handler: Handler) {
    this.#settings = settings;
    this.#handler = handler;
  }

  /** @throws SocketError for a handshake that is refused */
  respond(given: unknown, data: unknown): Response | Promise<Response> {
    // A framework may hand its own things over, not the engine's.
    const context = given instanceof Context ? given : currentContext();
    const handshake = handshakeOf(context, this.#settings);
    if (this.#clients >= this.#settings.maxClients)
      throw new SocketError(
        "SOCKET_LIMIT",
        { name: "websockets", accepted: `${this.#settings.maxClients} at a time` },
        { headers: { "retry-after": retryAfter } },
      );
    this.#clients++;
    let taken = true;
    const leave = (): void => {
      if (taken) this.#clients--;
      taken = false;
    };
    try {
      const connection = new Connection(this.#settings, this.#handler, context, handshake, data, leave);
      return this.#enter(context, connection, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  #enter(context: Context, connection: Connection, leave: () => void): Response | Promise<Response> {
    const { onInit } = this.#settings;
    if (onInit === undefined) return this.#upgrade(context, connection);
    const said = runWith(context, onInit, connection.client);
    if (!(said instanceof Promise)) return said ? refused(said, leave) : this.#upgrade(context, connection);
    return said
      .then((refusal) => (refusal ? refused(refusal, leave) : this.#upgrade(context, connection)))
      .catch((error: unknown) => {
        leave();
        throw error;
      });
  }

  #upgrade(context: Context, connection: Connection): Response {
    const headers: Record<string, string> = {};
    if (connection.protocol !== "") headers["sec-websocket-protocol"] = connection.protocol;
    const response = context.upgrade(connection, headers, this.#settings.deflate);
    if (response !== undefined) return response;
    throw new SocketError("SOCKET_HANDSHAKE", {
      name: "request",
      accepted: "the handshake of a websocket, version 13, with its key (RFC 6455 §4.2.1)",
    });
  }
}

function refused(refusal: Response, leave: () => void): Response {
  leave();
  return refusal;
}
