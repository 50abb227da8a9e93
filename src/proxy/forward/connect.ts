import type { Socket } from "node:net";
import type { Destinations } from "./destinations.ts";
import { dial } from "./dial.ts";
import type { Exchange } from "./exchange.ts";
import type { IdleWatch } from "./idle.ts";
import { Refused } from "./refused.ts";
import { type Target, readTunnel } from "./target.ts";
import { join } from "./tunnel.ts";
import type { Tunnels } from "./tunnels.ts";

export interface TunnelParts {
  readonly destinations: Destinations;
  readonly tunnels: Tunnels;
  readonly idle: IdleWatch;
  /** ms without traffic. */
  readonly limit: number;
  /** ms to connect. */
  readonly connectTimeout: number;
}

/** Answers CONNECT: bytes both ways until both are at their end (RFC 9110 §9.3.6). @throws Refused */
export async function tunnel(exchange: Exchange, head: Uint8Array, parts: TunnelParts): Promise<void> {
  const target = readTunnel(exchange.request.url!);
  exchange.host = target.authority;
  parts.destinations.checkName(target, "tunnel");
  await through(exchange, target, parts, async (server) => {
    exchange.answered(200);
    exchange.socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    await carry(exchange, server, { up: head, down: new Uint8Array() }, parts);
  });
}

/** Connects for one that counts as a tunnel as long as `use` takes. @throws Refused */
export async function through(
  exchange: Exchange,
  target: Target,
  { destinations, tunnels, connectTimeout }: TunnelParts,
  use: (server: Socket) => Promise<void>,
): Promise<void> {
  const { socket, peer } = exchange;
  tunnels.open(peer);
  try {
    const addresses = await destinations.addresses(target);
    const server = await dial(addresses, target.port, connectTimeout, (abandon) => {
      exchange.abandon = abandon;
    });
    exchange.abandon = undefined;
    if (socket.destroyed) {
      server.destroy();
      throw new Refused(499, "the client has gone");
    }
    await use(server);
  } finally {
    tunnels.close(peer);
  }
}

export async function carry(
  exchange: Exchange,
  server: Socket,
  early: { readonly up: Uint8Array; readonly down: Uint8Array },
  { idle, limit }: TunnelParts,
): Promise<void> {
  const { up, down } = await join(exchange.socket, server, early, { idle, limit });
  exchange.requestBytes = up;
  exchange.responseBytes = down;
}
