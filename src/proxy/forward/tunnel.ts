import type { Socket } from "node:net";
import type { IdleWatch, Watched } from "./idle.ts";

/** Bytes of a tunnel, as the client sees them. */
export interface Carried {
  readonly up: number;
  readonly down: number;
}

/**
 * Joins two connections until both ways are at their end. One way may end before the other; who breaks off ends both.
 * @param early bytes of the client that were read already, and of the server
 */
export async function join(
  client: Socket,
  server: Socket,
  early: { readonly up: Uint8Array; readonly down: Uint8Array },
  watch: { readonly idle: IdleWatch; readonly limit: number },
): Promise<Carried> {
  const before = { up: client.bytesRead - early.up.length, down: server.bytesRead - early.down.length };
  if (early.up.length > 0) server.write(early.up);
  if (early.down.length > 0) client.write(early.down);
  const watched: Watched = {
    limit: watch.limit,
    moved: () => client.bytesRead + server.bytesRead + client.bytesWritten + server.bytesWritten,
    expire: () => {
      client.destroy();
      server.destroy();
    },
  };
  watch.idle.add(watched);
  client.pipe(server);
  server.pipe(client);
  await Promise.all([closed(client, server), closed(server, client)]);
  watch.idle.delete(watched);
  return { up: client.bytesRead - before.up, down: server.bytesRead - before.down };
}

/** Resolves when `socket` is closed. Where that was no end of both ways, the other one has nobody to talk to. */
function closed(socket: Socket, other: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const over = (): void => {
    // What `other` was sent before may be on its way yet.
    if (!socket.readableEnded || !socket.writableFinished) other.destroy();
    resolve();
  };
  if (socket.closed) over();
  else socket.once("close", over);
  return promise;
}
