import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Context } from "../context.ts";

/** Gives a bridged message the URL, the headers and the peer of the client's request. */
export function showOriginal(message: IncomingMessage, context: Context): void {
  const headers = headersOf(context.request);
  message.url = context.path + context.search;
  message.headers = headers;
  message.rawHeaders = Object.entries(headers).flat() as string[];
  const socket = clientSocket(message.socket, context);
  Object.defineProperty(message, "socket", { value: socket, configurable: true, writable: true });
  Object.defineProperty(message, "connection", { value: socket, configurable: true, writable: true });
}

/** Bun joins what was sent several times the way Node does: cookies by `; `, all else by `, `. */
function headersOf(request: Request): Record<string, string> {
  const headers = request.headers.toJSON() as Record<string, string>;
  // Bun drops bodies of GET and HEAD: a length would have parsers wait for one.
  if (request.method === "GET" || request.method === "HEAD") {
    delete headers["content-length"];
    delete headers["transfer-encoding"];
  }
  return headers;
}

/** The bridge's socket with the client as its other end, asked for when it is looked at: that costs 1 µs. */
function clientSocket(socket: Socket, context: Context): Socket {
  const peer = (): ReturnType<Context["server"]["requestIP"]> => context.server.requestIP(context.request);
  return new Proxy(socket, {
    get(target, key) {
      switch (key) {
        case "remoteAddress":
          return context.peer;
        case "remotePort":
          return peer()?.port;
        case "remoteFamily":
          return context.peer.includes(":") ? "IPv6" : "IPv4";
        case "encrypted":
          return context.request.url.startsWith("https:");
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}
