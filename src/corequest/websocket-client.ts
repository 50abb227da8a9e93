import type { Duration, Size } from "../config/settings.ts";
import { parseDuration, parseSize } from "../config/units.ts";
import { findContext } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import { sockets } from "./backends/websocket.ts";
import { secondsOf } from "./durations.ts";
import { placeOf, socketPlaces } from "./place.ts";
import { SocketStream } from "./socket-stream.ts";
import { start } from "./start.ts";

/** What a websocket to a backend is made of. Spec X4. */
export interface SocketCallOptions<Kind extends "text" | "json" = "text" | "json"> {
  /** Names of subprotocols, the best first. */
  protocols?: string | readonly string[];
  headers?: Record<string, string>;
  /** `"json"`: values instead of text. Bytes are bytes. Default `"text"`. */
  encoding?: Kind;
  /** Longest time until it is open. Default 10 s, or what the alias says. */
  timeout?: Duration;
  /** Longest silence: the server is pinged before, and given up when it does not even answer that. Default 60 s. */
  keepAlive?: Duration;
  /** Longest message that is taken; it is closed with 1009 for a longer one. Default 16 MiB. */
  maxMessage?: Size;
  /** Bytes that may wait on either side; whoever sends or is read from more has to wait. Default 1 MiB. */
  backpressure?: Size;
  /** Lets messages be compressed (RFC 7692). Default false. */
  deflate?: boolean;
}

/** Text and bytes as they come. */
export type SocketMessage = string | Uint8Array<ArrayBuffer>;

/**
 * Opens a websocket to the least busy member of an alias of PROTO_WS or PROTO_WSS, or to a URL; with fail-over, and with the ids
 * of the transaction. It is under way at once, and ended with the request that opened it, when that is aborted.
 * ```ts
 * await using ws = was.ws("@quotes/stream", { encoding: "json" });
 * await ws.send({ subscribe: "ACME" });
 * for await (const quote of ws) …
 * ```
 * @throws SkitaiError ALIAS_UNKNOWN, ALIAS_TYPE, ALIAS_INVALID, OPTION_INVALID
 */
export function ws(place: string, options?: SocketCallOptions<"text">): SocketStream<SocketMessage>;
export function ws<Message = unknown>(
  place: string,
  options: SocketCallOptions<"json">,
): SocketStream<Message>;
export function ws(place: string, options: SocketCallOptions = {}): SocketStream<unknown> {
  const { cluster, path } = placeOf(place, socketPlaces);
  const { protocols = [], headers = {}, encoding = "text", deflate = false } = options;
  const stream = new SocketStream(
    {
      alias: cluster.name,
      label: `WS ${path.replace(/\?.*$/, "")}`,
      json: encoding === "json",
      keepAlive: 1000 * amount("keepAlive", parseDuration(options.keepAlive ?? 60), 0.1),
      maxMessage: amount("maxMessage", parseSize(options.maxMessage ?? "16mb"), 1),
      backpressure: amount("backpressure", parseSize(options.backpressure ?? "1mb"), 1),
    },
    findContext(),
  );
  const call = {
    label: stream.label,
    idempotent: true,
    path,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    protocols: [protocols].flat(),
    deflate,
    prepare: (socket: WebSocket) => stream.listen(socket),
  };
  stream.follow(
    start(sockets, cluster, call, { timeout: secondsOf(options.timeout, "timeout of a websocket") }),
  );
  return stream;
}

function amount(name: string, value: number | undefined, least: number): number {
  if (value !== undefined && value >= least) return value;
  throw new SkitaiError("OPTION_INVALID", {
    name: `${name} of a websocket`,
    value,
    accepted: `from ${least}`,
  });
}
