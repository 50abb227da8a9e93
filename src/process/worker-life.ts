import type { Server } from "bun";
import type { Logs } from "../log/logs.ts";
import { drain } from "../server/drain.ts";
import type { Reply } from "../server/reply.ts";
import type { Placed } from "../server/table.ts";

/** What a worker has to end or reopen. */
export interface WorkerParts {
  readonly server: Server<undefined>;
  readonly reply: Reply;
  readonly logs: Logs;
  readonly placed: readonly Placed[];
  /** Says the last things about the process. */
  readonly endUpkeep: () => void;
  /** Seconds that requests in flight have at a stop. */
  readonly grace: number;
}

/** A worker that does not serve yet has nothing to finish: it ends with its master. */
export function watchStart(): void {
  process.on("disconnect", leave);
  // Ctrl-C reaches the whole process group: the master decides what it means.
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
}

const leave = (): never => process.exit(0);

/** Signals of the master, errors nobody caught, and the master's end. Spec W5. */
export function watchProcess(parts: WorkerParts): void {
  const { logs } = parts;
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void end(parts);
  };
  process.on("SIGTERM", stop);
  process.off("disconnect", leave);
  process.on("disconnect", stop);
  process.on("SIGUSR1", () => logs.reopen());
  process.on("uncaughtException", (error) => logs.server.traceback(error));
  process.on("unhandledRejection", (reason) => logs.server.traceback(reason));
  process.on("exit", () => logs.flush());
}

async function end({ server, reply, logs, placed, endUpkeep, grace }: WorkerParts): Promise<void> {
  reply.closing = true;
  const outcome = await drain(server, grace);
  if (outcome === "cut") logs.server.log(`requests were still running after ${grace} s and were cut`, "warn");
  await Promise.allSettled(placed.map(({ mount }) => mount.close?.()));
  endUpkeep();
  logs.flush();
  process.exit(0);
}
