import type { Server } from "bun";
import type { ApplicationLog } from "../log/application.ts";
import type { Dispatch } from "./dispatch.ts";

export interface ListenerOptions {
  readonly address: string;
  readonly port: number;
  /** Seconds. */
  readonly keepAlive: number;
  readonly log: ApplicationLog;
}

/** Bun's server with the engine's limits: those of bodies and times are kept by dispatch, per app. */
export function listen(
  dispatch: Dispatch,
  { address, port, keepAlive, log }: ListenerOptions,
): Server<undefined> {
  return Bun.serve({
    hostname: address,
    port,
    reusePort: true,
    development: false,
    idleTimeout: Math.ceil(keepAlive),
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: dispatch,
    // Only what happens behind dispatch gets here, such as a file that vanished before it was sent.
    error(error) {
      log.traceback(error);
      return new Response("Internal Server Error\n", { status: 500 });
    },
  });
}
