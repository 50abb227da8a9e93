import type { Server } from "bun";
import type { SocketHandler } from "../http/socket-handler.ts";

/** A client may just be sending on a connection that is kept: for so long (ms) answers say `Connection: close` first. */
const announcement = 100;

/** Between two looks (ms) at what is still running. */
const look = 20;

/** Closes websockets with 1001 when no request is left. */
async function closeSockets(server: Server<SocketHandler>): Promise<void> {
  while (server.pendingRequests > 0) await Bun.sleep(look);
  if (server.pendingWebSockets > 0) await server.stop(true);
}

/**
 * Ends a server without cutting what it is doing: answers close their connections, then no new ones are accepted,
 * then requests in flight finish, then what is left after `grace` seconds (streams, websockets) is closed. Spec W5.
 * @param linger clients were told before: the server is stopped within this call, and what is left has so many seconds
 * @param hurried from then on it has `grace` seconds at most, whatever `linger` says
 */
export async function drain(
  server: Server<SocketHandler>,
  grace: number,
  linger?: number,
  hurried: Promise<void> = new Promise(() => {}),
): Promise<"drained" | "cut"> {
  const started = Date.now();
  if (linger === undefined) await Bun.sleep(Math.min(announcement, grace * 1000));
  const finished = server.stop(false).then(() => "drained" as const);
  // At a stop websockets wait for requests only; behind a reload they live on as long as they may.
  if (linger === undefined) void closeSockets(server);
  const left = Math.max((linger ?? grace) * 1000 - (Date.now() - started), 0);
  const limits = [Bun.sleep(left)];
  if (linger !== undefined && linger > grace) limits.push(hurried.then(() => Bun.sleep(grace * 1000)));
  const outcome = await Promise.race([finished, Promise.race(limits).then(() => "cut" as const)]);
  if (outcome === "cut") await Promise.race([server.stop(true), Bun.sleep(1000)]);
  return outcome;
}
