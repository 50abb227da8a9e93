import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer, type Server as NetServer, type Socket } from "node:net";

/** Largest head of a request, bytes. */
const largestHead = 32 * 1024;

export interface Handlers {
  readonly requested: (request: IncomingMessage, response: ServerResponse) => void;
  readonly tunnelled: (request: IncomingMessage, socket: Socket, head: Uint8Array) => void;
  readonly upgraded: (request: IncomingMessage, socket: Socket, head: Uint8Array) => void;
  /** @param code of llhttp */
  readonly malformed: (socket: Socket, code: string | undefined) => void;
}

/** What `node:http` makes of connections. @param keepAlive ms that an idle one is kept */
export function parser({ requested, tunnelled, upgraded, malformed }: Handlers, keepAlive: number): Server {
  const options = {
    maxHeaderSize: largestHead,
    keepAliveTimeout: keepAlive,
    // What is late is ended by who watches all connections.
    requestTimeout: 0,
    headersTimeout: 0,
    // An offer of another protocol, such as h2c, may be ignored (RFC 9110 §7.8).
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
  };
  const server = createHttpServer(options, requested);
  server.on("connect", (request: IncomingMessage, socket, head) =>
    tunnelled(request, socket as Socket, head),
  );
  server.on("upgrade", (request: IncomingMessage, socket, head) => upgraded(request, socket as Socket, head));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => malformed(socket as Socket, error.code));
  return server;
}

/** Listens on a port that all workers share: `listen` of `node:http` on Bun would want it for one. */
export function listen(
  { address, port }: { readonly address: string; readonly port: number },
  connected: (socket: Socket) => void,
): Promise<NetServer> {
  const { promise, resolve, reject } = Promise.withResolvers<NetServer>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // Who goes away in the middle is no error of ours.
    socket.on("error", () => {});
    connected(socket);
  });
  server.once("error", reject);
  server.listen({ port, host: address, reusePort: true }, () => resolve(server));
  return promise;
}
