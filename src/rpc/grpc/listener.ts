import { createServer, type Server, type Socket } from "node:net";
import { createServer as createSecureServer, type TLSSocket } from "node:tls";
import type { TLSOptions } from "bun";

export interface ListenerParts {
  readonly address: string;
  readonly port: number;
  /** `Bun.serve`'s form: one entry for each name, the nameless first one for all others; plain without. */
  readonly tls: readonly TLSOptions[] | undefined;
  readonly accept: (socket: Socket) => void;
}

/** Listens on a port that all workers share: `bindAsync` of grpc-js would want it for one. */
export function listen({ address, port, tls, accept }: ListenerParts): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const connected = (socket: Socket): void => {
    // Who goes away in the middle is no error of ours.
    socket.on("error", () => {});
    accept(socket);
    // Bun leaves a socket paused that was handed over, and HTTP/2 then refuses its streams.
    socket.resume();
  };
  const server = tls === undefined ? createServer(connected) : secureServer(tls, connected);
  server.once("error", reject);
  server.listen({ port, host: address, reusePort: true }, () => resolve(server));
  return promise;
}

function secureServer([first, ...named]: readonly TLSOptions[], connected: (socket: Socket) => void): Server {
  const server = createSecureServer(contextOf(first!), (socket: TLSSocket) => {
    // gRPC is HTTP/2 only, and a client has to say so (RFC 9113 §3.2).
    if (socket.alpnProtocol === "h2") connected(socket);
    else socket.destroy();
  });
  for (const each of named) server.addContext(each.serverName!, contextOf(each));
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

const contextOf = ({ cert, key, ca, requestCert, rejectUnauthorized }: TLSOptions) =>
  ({
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    ...(requestCert ? { requestCert, rejectUnauthorized: rejectUnauthorized ?? true } : {}),
    ALPNProtocols: ["h2"],
  }) as Parameters<typeof createSecureServer>[0] & object;
