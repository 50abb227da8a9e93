import type { Server } from "bun";

/** A client may just be sending on a connection that is kept: for so long (ms) answers say `Connection: close` first. */
const announcement = 100;

/**
 * Ends a server without cutting what it is doing: answers close their connections, then no new ones are accepted,
 * then requests in flight finish, then what is left after `grace` seconds (streams, websockets) is closed. Spec W5.
 * @param announced clients were told before: the server is stopped within this call
 */
export async function drain(
  server: Server<undefined>,
  grace: number,
  announced = false,
): Promise<"drained" | "cut"> {
  const started = Date.now();
  if (!announced) await Bun.sleep(Math.min(announcement, grace * 1000));
  const finished = server.stop(false).then(() => "drained" as const);
  const left = Math.max(grace * 1000 - (Date.now() - started), 0);
  const outcome = await Promise.race([finished, Bun.sleep(left).then(() => "cut" as const)]);
  if (outcome === "cut") await Promise.race([server.stop(true), Bun.sleep(1000)]);
  return outcome;
}
