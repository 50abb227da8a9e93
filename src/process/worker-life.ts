import type { Server } from "bun";
import type { SocketHandler } from "../http/socket-handler.ts";
import { backgroundEnded } from "../system/background.ts";
import { processCache } from "../cache/process.ts";
import { closeConnections } from "../corequest/connections.ts";
import { closePools, reopenHostLogs } from "../jobs/pools.ts";
import type { Logs } from "../log/logs.ts";
import { drain } from "../server/drain.ts";
import { endReaders } from "../status/readers.ts";
import type { Reply } from "../server/reply.ts";
import type { AppLives } from "./app-lives.ts";
import { type MasterMessage, tell } from "./messages.ts";
import type { GroupMember } from "./reload-member.ts";

/** A listener that is not `Bun.serve`'s. */
export interface OwnListener {
  /** Clients are told to connect anew. */
  announce(): void;
  /** As `drain` of server/drain.ts. */
  drain(grace: number, linger?: number, hurried?: Promise<void>): Promise<"drained" | "cut">;
}

/** What a worker has to end or reopen. */
export interface WorkerParts {
  readonly server: Server<SocketHandler>;
  /** Listeners on other ports. */
  readonly beside: readonly Server<SocketHandler>[];
  /** Those of gRPC and of the forward proxy. */
  readonly others: readonly OwnListener[];
  readonly member: GroupMember;
  readonly reply: Reply;
  readonly logs: Logs;
  readonly lives: AppLives;
  /** Says the last things about the process. */
  readonly endUpkeep: () => void;
  /** Seconds that requests in flight have at a stop. */
  readonly grace: number;
  /** Tells the master what was counted. */
  readonly lastCounts: () => Promise<void>;
  /** Resolves when the last answers are with their clients. */
  readonly flush: () => Promise<void>;
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
  const { logs, reply, member, lives, others } = parts;
  let stopping = false;
  const hurry = Promise.withResolvers<void>();
  const stop = (linger?: number): void => {
    // Whoever lingers is told to end like all the others when the service does.
    if (stopping) return hurry.resolve();
    stopping = true;
    void end(parts, linger, hurry.promise);
  };
  const answer = (message: MasterMessage): void => {
    if (message.type === "report")
      tell({ type: "report", requests: reply.served, memory: process.memoryUsage.rss() });
    else if (message.type === "beforeReload") lives.beforeReload();
    else if (message.type === "reloaded") void lives.reloaded();
    else if (message.type === "steer") member.steer(message.size, message.closing);
    else if (message.type === "drain") {
      reply.closing = true;
      for (const each of others) each.announce();
      void member.drain();
    } else if (message.type === "leave") stop(message.linger ?? parts.grace);
  };
  process.on("SIGTERM", () => stop());
  process.off("disconnect", leave);
  process.on("disconnect", () => stop());
  process.on("message", answer);
  process.on("SIGUSR1", () => {
    logs.reopen();
    reopenHostLogs();
  });
  process.on("uncaughtException", (error) => logs.server.traceback(error));
  process.on("unhandledRejection", (reason) => logs.server.traceback(reason));
  process.on("exit", () => logs.flush());
}

/**
 * @param linger seconds that what is running has; clients know already that their connections close, and nothing new is on its way
 * @param hurried the grace time begins, if that is the shorter one
 */
async function end(parts: WorkerParts, linger: number | undefined, hurried: Promise<void>): Promise<void> {
  const { server, beside, others, reply, logs, lives, endUpkeep, grace, flush, lastCounts } = parts;
  reply.closing = true;
  const left = lives.beforeUmount();
  endReaders();
  const drained = [
    ...[server, ...beside].map((each) => drain(each, grace, linger, hurried)),
    ...others.map((each) => each.drain(grace, linger, hurried)),
  ];
  if (linger !== undefined) tell({ type: "left" });
  const outcomes = await Promise.all(drained);
  if (outcomes.includes("cut"))
    logs.server.log(`requests were still running after ${linger ?? grace} s and were cut`, "warn");
  await left;
  if (!(await backgroundEnded(grace)))
    logs.server.log(`background calls were still running after ${grace} s and were cut`, "warn");
  if (!(await closePools(grace)))
    logs.server.log(`jobs were still running after ${linger ?? grace} s and were ended`, "warn");
  await lives.umount();
  await closeConnections();
  await processCache()?.close();
  await flush();
  await lastCounts();
  endUpkeep();
  logs.flush();
  process.exit(0);
}
