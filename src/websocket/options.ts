import type { Duration, Size } from "../config/settings.ts";
import { parseDuration, parseSize } from "../config/units.ts";
import { SkitaiError } from "../errors.ts";
import type { SocketClient } from "./client.ts";
import { type Codec, codecs, type Encoding } from "./codec.ts";
import { type Design, designOf } from "./design.ts";
import { WS_CHANNEL } from "./specs.ts";

/** A zod schema, or whatever checks as one does. */
export interface QuerySchema<Query> {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: Query }
    | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };
}

/** Query parameters without a schema; one that is given twice is a list. */
export type Params = Readonly<Record<string, string | readonly string[] | undefined>>;

type Told = unknown;

/** What a websocket is made of. Spec X1, X2, X4. */
export interface SocketOptions<Query = Params, Kind extends Encoding = "text", Data = unknown> {
  /** `WS_CHANNEL`, `WS_SESSION` …, see `specs.ts`. Default `WS_CHANNEL`. */
  spec?: number;
  /**
   * Longest silence: a client is pinged before, and closed with 1001 when it does not even answer that. Default 60 s;
   * the engine itself gives up after 120 s who answers no pings.
   */
  timeout?: Duration;
  /**
   * What a message is: `"text"` (default), `"json"` any value, `"xmlrpc"` a call that is answered with a response,
   * `"binary"` bytes, `"any"` text or bytes as they come. Bytes go out as binary frames whatever it is.
   */
  encoding?: Kind;
  /** Checks and types the query of the URL; what it refuses is a 400. */
  query?: QuerySchema<Query>;
  /** With `WS_GROUPCHAT`: the parameter of the query that names the room. Default `"room_id"`. */
  room?: string;
  /** Pages that may connect: `"https://example.com"` each, or `"*"`. Default: those of the same host, and who is no browser. */
  origins?: "*" | readonly string[];
  /** Names of subprotocols, the best first; a client that offers none of them, but others, is refused. Default: its first. */
  protocols?: readonly string[];
  /** Longest message of a client, at most 16 MiB; 1009 for a longer one. Default 1 MiB. */
  maxMessage?: Size;
  /**
   * Bytes that may wait for a client that reads slowly; with one message more it is closed with 1013. As many may wait of its
   * own messages; it is not read from while they do. At most 8 MiB. Default 1 MiB.
   */
  backpressure?: Size;
  /** Open connections of each worker; 503 for more. Default 100,000. */
  maxClients?: number;
  /** Compresses messages (RFC 7692), where the client can. Default false. */
  deflate?: boolean;
  /** In the handshake: a `Response` refuses it. `client.data` may be set. */
  onInit?(client: SocketClient<Query, Data>): Response | void | Promise<Response | void>;
  /** What it returns is sent. */
  onOpen?(client: SocketClient<Query, Data>): Told;
  /** Called once for each that was opened; nothing can be sent to it any more, what it returns goes to the room. */
  onClose?(client: SocketClient<Query, Data>, code: number, reason: string): Told;
  /**
   * A message that cannot be read. What it returns is sent, and the connection stays. Without it the connection is closed:
   * 1003 for bytes instead of text and the like, 1007 for what is malformed.
   */
  onError?(error: SkitaiError, client: SocketClient<Query, Data>): Told;
}

type Given = SocketOptions<unknown, Encoding, unknown>;

/** Options, checked and with their defaults. */
export interface Settings {
  readonly query: QuerySchema<unknown> | undefined;
  readonly onInit: Given["onInit"] | undefined;
  readonly onOpen: Given["onOpen"] | undefined;
  readonly onClose: Given["onClose"] | undefined;
  readonly onError: Given["onError"] | undefined;
  readonly design: Design;
  /** ms */
  readonly timeout: number;
  readonly codec: Codec;
  readonly room: string;
  readonly origins: "*" | ReadonlySet<string> | undefined;
  readonly protocols: readonly string[] | undefined;
  readonly maxMessage: number;
  readonly backpressure: number;
  readonly maxClients: number;
  readonly deflate: boolean;
}

const names = new Set<string>([
  ...["spec", "timeout", "encoding", "query", "room", "origins", "protocols", "maxMessage", "backpressure"],
  ...["maxClients", "deflate", "onInit", "onOpen", "onClose", "onError"],
]);
const mebibyte = 1024 ** 2;
/** The engine reads no longer ones. */
const longestMessage = 16 * mebibyte;
/** The engine drops what is sent when 16 MiB wait. */
const mostWaiting = 8 * mebibyte;
const token = /^[!#$%&'*+.^_`|~\w-]+$/;

/** @throws SkitaiError OPTION_INVALID, OPTION_UNKNOWN */
export function settingsOf(given: Given): Settings {
  const unknown = Object.keys(given).find((name) => !names.has(name));
  if (unknown !== undefined)
    throw new SkitaiError("OPTION_UNKNOWN", {
      name: "websocket",
      value: unknown,
      accepted: [...names].join(", "),
    });
  const { encoding = "text", maxClients = 100_000, origins, protocols, room = "room_id" } = given;
  if (!Object.hasOwn(codecs, encoding)) throw invalid("encoding", encoding, Object.keys(codecs).join(", "));
  if (!Number.isInteger(maxClients) || maxClients < 1)
    throw invalid("maxClients", maxClients, "an integer from 1");
  if (protocols?.some((name) => !token.test(name)))
    throw invalid("protocols", protocols, "names without blanks and commas (RFC 6455 §4.1)");
  const { query, onInit, onOpen, onClose, onError } = given;
  return {
    design: designOf(given.spec ?? WS_CHANNEL),
    timeout: milliseconds(given.timeout ?? 60),
    codec: codecs[encoding],
    room,
    origins: origins === undefined || origins === "*" ? origins : new Set(origins.map(originOf)),
    protocols,
    maxMessage: bytes("maxMessage", given.maxMessage ?? mebibyte, longestMessage),
    backpressure: bytes("backpressure", given.backpressure ?? mebibyte, mostWaiting),
    maxClients,
    deflate: given.deflate ?? false,
    ...{ query, onInit, onOpen, onClose, onError },
  };
}

function milliseconds(value: Duration): number {
  const seconds = parseDuration(value);
  // A timer of more than 2^31 ms fires at once; there are four in each timeout.
  if (seconds === undefined || !(seconds >= 0.1) || seconds > 8_000_000)
    throw invalid("timeout", value, 'seconds from 0.1, or text like "60s"');
  return Math.ceil(seconds * 1000);
}

function bytes(name: string, value: Size, most: number): number {
  const size = parseSize(value);
  if (size === undefined || !(size >= 1) || size > most)
    throw invalid(name, value, `bytes from 1 to ${most}, or text like "64kb"`);
  return Math.floor(size);
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.host === "" || url.pathname !== "/")
    throw invalid("origins", text, '"https://example.com", or "*" for all');
  return url.origin;
}

const invalid = (name: string, value: unknown, accepted: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", { name: `${name} of a websocket`, value, accepted });
