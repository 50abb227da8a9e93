import type { ServerWebSocket } from "bun";

/** A websocket of a client, as the engine hands it to who upgraded the request. */
export type ClientSocket = ServerWebSocket<SocketHandler>;

/** What happens on one websocket; the listener calls what the handler of the request gave to `context.upgrade`. */
export interface SocketHandler {
  open?(socket: ClientSocket): void;
  message(socket: ClientSocket, message: string | Buffer): void;
  /** What was sent is on its way: there is room again. */
  drain?(socket: ClientSocket): void;
  close?(socket: ClientSocket, code: number, reason: string): void;
  ping?(socket: ClientSocket, data: Buffer): void;
  pong?(socket: ClientSocket, data: Buffer): void;
}
