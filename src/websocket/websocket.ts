import type { Duration } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import type { SocketClient } from "./client.ts";
import type { Encoding, Messages } from "./codec.ts";
import type { Handler } from "./connection.ts";
import { Endpoint } from "./endpoint.ts";
import { type Params, settingsOf, type SocketOptions } from "./options.ts";
import type { Session } from "./session.ts";
import type { WS_SESSION } from "./specs.ts";

/** Answers one message: what it returns is sent, see `websocket`. */
export type MessageHandler<Message, Query, Data> = (
  message: Message,
  client: SocketClient<Query, Data>,
) => unknown;

/** The life of one connection, with `WS_SESSION`. */
export type SessionHandler<Message, Query, Data> = (client: SocketClient<Query, Data>) => Session<Message>;

/**
 * A fetch handler that makes a websocket of its request; a mount, or called by a handler of any framework: what comes first
 * is not looked at, the request is that of the context.
 * @param data `client.data` of this connection: parameters of the path, the user …
 */
export type SocketEndpoint<Data = unknown> = (
  request?: unknown,
  context?: unknown,
  data?: Data,
) => Response | Promise<Response>;

/**
 * Websockets of an app.
 * ```ts
 * const echo = websocket(WS_CHANNEL, 60, (message) => `ECHO:${message}`);
 * mount("/echo", echo);
 * app.get("/echo", echo);                                              // in Hono
 * app.get("/echo/:id", (c) => echo(c.req.raw, c.env, c.req.param()));  // client.data
 *
 * const session = websocket(WS_SESSION, 60, async function* (client) {
 *   for (;;) {
 *     const message = yield;                      // receives
 *     if (message === undefined) return;          // the client has gone
 *     yield `ECHO:${message}`;                    // sends
 *   }
 * });
 *
 * const chat = websocket({ spec: WS_GROUPCHAT, query: z.object({ room_id: z.string(), name: z.string() }) },
 *   (message, client) => `${client.query.name}: ${message}`);            // to all who are in the room
 * ```
 * What a handler returns is sent: text and bytes are one frame, values of an iterator, a generator, a stream, and of a list
 * (but not with JSON and XML-RPC, where a list is a value) are one frame each, a promise is waited for, `undefined` and
 * `null` are nothing. What it throws is logged, and the client is closed with 1011; an `RpcFault` is a fault of XML-RPC.
 * `WS_CHANNEL | WS_SESSION` is `WS_SESSION`, but TypeScript does not see that: there a session has to say its types,
 * `async function* (client: SocketClient): Session<string>`.
 * @param spec `WS_CHANNEL`, `WS_SESSION` …, or all options
 * @param timeout longest silence of a client that does not answer pings either
 * @throws SkitaiError OPTION_INVALID, OPTION_UNKNOWN
 */
export function websocket(
  spec: typeof WS_SESSION,
  timeout: Duration,
  handler: SessionHandler<string, Params, unknown>,
): SocketEndpoint;
export function websocket(
  spec: number,
  timeout: Duration,
  handler: MessageHandler<string, Params, unknown>,
): SocketEndpoint;
export function websocket(
  spec: number,
  timeout: Duration,
  handler: SessionHandler<string, Params, unknown>,
): SocketEndpoint;
export function websocket<Query = Params, Kind extends Encoding = "text", Data = unknown>(
  options: SocketOptions<Query, Kind, Data> & { spec: typeof WS_SESSION },
  handler: SessionHandler<Messages[Kind], Query, Data>,
): SocketEndpoint<Data>;
export function websocket<Query = Params, Kind extends Encoding = "text", Data = unknown>(
  options: SocketOptions<Query, Kind, Data>,
  handler: MessageHandler<Messages[Kind], Query, Data>,
): SocketEndpoint<Data>;
export function websocket<Query = Params, Kind extends Encoding = "text", Data = unknown>(
  options: SocketOptions<Query, Kind, Data>,
  handler: SessionHandler<Messages[Kind], Query, Data>,
): SocketEndpoint<Data>;
export function websocket(
  first: number | object,
  second: Duration | Handler,
  third?: Handler,
): SocketEndpoint<never> {
  const short = typeof first !== "object";
  const handler = short ? third : second;
  if (typeof handler !== "function")
    throw new SkitaiError("OPTION_INVALID", {
      name: "handler of a websocket",
      value: handler,
      accepted: "a function",
    });
  const options = short ? { spec: first, timeout: second as Duration } : first;
  const endpoint = new Endpoint(settingsOf(options), handler);
  return function websocket(_request, context, data) {
    return endpoint.respond(context, data);
  };
}
