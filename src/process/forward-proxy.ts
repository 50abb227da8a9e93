import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import type { ForwardParts } from "../proxy/forward/parts.ts";
import type { ForwardProxy } from "../proxy/forward/server.ts";
import type { Reply } from "../server/reply.ts";
import type { SharedScope } from "./place.ts";
import { claimPort } from "./port.ts";

/** What the forward proxy shares with the other listeners. */
type SharedParts = SharedScope &
  Pick<ForwardParts, "access" | "unlogged" | "log" | "next" | "cache"> & { readonly reply: Reply };

/** The forward proxy of a declaration, which does not listen yet. Nothing is loaded for none. */
export async function openProxy(
  { proxy, proxyIdle }: Pick<Declaration, "proxy" | "proxyIdle">,
  { address }: Settings,
  { trusted, idPrefix, access, unlogged, log, next, reply, cache }: SharedParts,
): Promise<ForwardProxy[]> {
  if (proxy === undefined) return [];
  const { ForwardProxy } = await import("../proxy/forward/server.ts");
  const served = (): void => void reply.served++;
  const parts = { trusted, idPrefix, access, unlogged, log, next, served, cache };
  return [new ForwardProxy({ address, options: proxy, idle: proxyIdle, ...parts })];
}

/**
 * Sees that nobody else has the port of the forward proxy.
 * @throws SkitaiError PORT_IN_USE, PORT_DENIED, OPTION_INVALID (another listener of the service has it)
 */
export function claimProxy(
  { address, port: main }: Pick<Settings, "address" | "port">,
  { proxy, grpc, forward }: Pick<Declaration, "proxy" | "grpc" | "forward">,
): void {
  if (proxy === undefined) return;
  const { port } = proxy;
  if ([main, forward?.from, ...grpc.map((each) => each.port)].includes(port))
    throw new SkitaiError("OPTION_INVALID", {
      name: "enableProxy port",
      value: port,
      accepted: "a port that no other listener of the service has",
    });
  claimPort(address, port, "in enableProxy");
}
