import type { Server, TLSOptions } from "bun";
import type { ApplicationLog } from "../log/application.ts";
import type { HttpServer } from "../context.ts";
import type { SocketHandler } from "../http/socket-handler.ts";

export interface ListenerOptions {
  readonly address: string;
  readonly port: number;
  /** Seconds. */
  readonly keepAlive: number;
  readonly log: ApplicationLog;
  /** HTTP/2 beside HTTP/1.1: by ALPN with TLS, by prior knowledge without (RFC 9113 §3). */
  readonly http2: boolean;
  /** HTTP/3 and nothing else, on a UDP port. */
  readonly http3?: boolean;
  /** Certificates; plain without any. */
  readonly tls?: TLSOptions[] | undefined;
}

/**
 * The idle limit to tell Bun for connections that are to be kept `keepAlive` seconds. Bun looks every 4 s and counts the
 * running look as a whole one: 1 closes after 0 to 4 s, 5 after 4 to 8. So one more look: at least `keepAlive`, at most
 * 8 s longer. Bun takes 255 at most.
 */
export const idleLimit = (keepAlive: number): number => Math.min(Math.ceil(keepAlive) + 4, 255);

/** Whoever upgraded a request is told what happens on its websocket. */
const websocket: Bun.WebSocketHandler<SocketHandler> = {
  // Used where `Context.upgrade` lets it.
  perMessageDeflate: true,
  open: (socket) => socket.data.open?.(socket),
  message: (socket, message) => socket.data.message(socket, message),
  drain: (socket) => socket.data.drain?.(socket),
  close: (socket, code, reason) => socket.data.close?.(socket, code, reason),
  ping: (socket, data) => socket.data.ping?.(socket, data),
  pong: (socket, data) => socket.data.pong?.(socket, data),
};

/** Bun's server with the engine's limits: those of bodies and times are kept by dispatch, per app. */
export function listen(
  dispatch: (request: Request, server: HttpServer) => Response | Promise<Response>,
  { address, port, keepAlive, log, http2, http3 = false, tls }: ListenerOptions,
): Server<SocketHandler> {
  return Bun.serve({
    hostname: address,
    port,
    reusePort: true,
    development: false,
    idleTimeout: idleLimit(keepAlive),
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    ...(http3 ? { http3, http1: false } : { http2 }),
    ...(tls === undefined ? {} : { tls }),
    fetch: dispatch,
    websocket,
    // Only what happens behind dispatch gets here, such as a file that vanished before it was sent.
    error(error) {
      log.traceback(error);
      return new Response("Internal Server Error\n", { status: 500 });
    },
  });
}
