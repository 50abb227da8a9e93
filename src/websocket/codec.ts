import { type Call, decodeCall, encodeFault, encodeResponse } from "../codec/xmlrpc.ts";
import { RpcFault } from "../codec/rpc-fault.ts";
import { SocketError } from "./error.ts";
import type { Frame } from "./rooms.ts";

/** What messages are to the handler, by the encoding of the websocket. Spec X2. */
export interface Messages {
  text: string;
  json: unknown;
  xmlrpc: Call;
  binary: Uint8Array<ArrayBuffer>;
  any: string | Uint8Array<ArrayBuffer>;
}
export type Encoding = keyof Messages;

export interface Codec {
  /** @throws SocketError SOCKET_MESSAGE */
  decode(message: string | Buffer): unknown;
  /** @throws SocketError SOCKET_MESSAGE for what cannot be said */
  encode(value: unknown): Frame;
  /** Whether a list is several messages, not one. */
  readonly lists: boolean;
  /** What an error of the handler is answered with, if it is. */
  fault?(error: unknown): Frame | undefined;
}

const text: Codec = {
  decode(message) {
    if (typeof message === "string") return message;
    throw wrongFrame("text");
  },
  encode: plain,
  lists: true,
};

const binary: Codec = {
  decode(message) {
    if (typeof message !== "string") return message;
    throw wrongFrame("bytes");
  },
  encode: plain,
  lists: true,
};

const any: Codec = { decode: (message) => message, encode: plain, lists: true };

const json: Codec = {
  decode(message) {
    if (typeof message !== "string") throw wrongFrame("JSON as text");
    try {
      return JSON.parse(message);
    } catch (cause) {
      throw unreadable("JSON", cause);
    }
  },
  encode(value) {
    const bytes = bytesOf(value);
    if (bytes !== undefined) return bytes;
    const said = JSON.stringify(value);
    if (said === undefined) throw unsayable(value, "what JSON can say");
    return said;
  },
  lists: false,
};

const xmlrpc: Codec = {
  decode(message) {
    try {
      return decodeCall(message);
    } catch (cause) {
      throw unreadable("a call of XML-RPC", cause);
    }
  },
  encode: (value) => bytesOf(value) ?? encodeResponse(value),
  lists: false,
  fault: (error) => (error instanceof RpcFault ? encodeFault(error) : undefined),
};

export const codecs: Readonly<Record<Encoding, Codec>> = { text, json, xmlrpc, binary, any };

function plain(value: unknown): Frame {
  if (typeof value === "string") return value;
  const bytes = bytesOf(value);
  if (bytes !== undefined) return bytes;
  if (typeof value === "object" || typeof value === "function" || typeof value === "symbol")
    throw unsayable(value, "text, bytes or a number; objects need the encoding json");
  return String(value);
}

function bytesOf(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (value instanceof Uint8Array) return value as Uint8Array<ArrayBuffer>;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return undefined;
}

/** RFC 6455 §7.4.1: 1003 is for a type of data, 1007 for data that is not what its type says. */
const wrongFrame = (accepted: string): SocketError =>
  new SocketError("SOCKET_MESSAGE", { name: "message", accepted }, { closeCode: 1003 });
const unreadable = (accepted: string, cause: unknown): SocketError =>
  new SocketError("SOCKET_MESSAGE", { name: "message", accepted, cause });
const unsayable = (value: unknown, accepted: string): SocketError =>
  new SocketError("SOCKET_MESSAGE", { name: "message to send", value, accepted }, { status: 500 });
