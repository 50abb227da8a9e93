import type { Server } from "bun";
import type { Logs } from "../log/logs.ts";
import { drain } from "../server/drain.ts";
import type { Reply } from "../server/reply.ts";
import type { AppLives } from "./app-lives.ts";
import { type MasterMessage, tell } from "./messages.ts";
import type { GroupMember } from "./reload-member.ts";

/** What a worker has to end or reopen. */
export interface WorkerParts {
  readonly server: Server<undefined>;
  /** Listeners on other ports. */
  readonly beside: readonly Server<undefined>[];
  readonly member: GroupMember;
  readonly reply: Reply;
  readonly logs: Logs;
  readonly lives: AppLives;
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
  const { logs, reply, member, lives } = parts;
  let stopping = false;
  const stop = (announced: boolean): void => {
    if (stopping) return;
    stopping = true;
    void end(parts, announced);
  };
  const answer = (message: MasterMessage): void => {
    if (message.type === "report")
      tell({ type: "report", requests: reply.served, memory: process.memoryUsage.rss() });
    else if (message.type === "beforeReload") lives.beforeReload();
    else if (message.type === "reloaded") void lives.reloaded();
    else if (message.type === "steer") member.steer(message.size, message.closing);
    else if (message.type === "drain") {
      reply.closing = true;
      void member.drain();
    } else if (message.type === "leave") stop(true);
  };
  process.on("SIGTERM", () => stop(false));
  process.off("disconnect", leave);
  process.on("disconnect", () => stop(false));
  process.on("message", answer);
  process.on("SIGUSR1", () => logs.reopen());
  process.on("uncaughtException", (error) => logs.server.traceback(error));
  process.on("unhandledRejection", (reason) => logs.server.traceback(reason));
  process.on("exit", () => logs.flush());
}

/** @param announced clients know already that their connections close, and nothing new is on its way */
async function end(parts: WorkerParts, announced: boolean): Promise<void> {
  const { server, beside, reply, logs, lives, endUpkeep, grace } = parts;
  reply.closing = true;
  const left = lives.beforeUmount();
  const drained = [server, ...beside].map((each) => drain(each, grace, announced));
  if (announced) tell({ type: "left" });
  const outcomes = await Promise.all(drained);
  if (outcomes.includes("cut"))
    logs.server.log(`requests were still running after ${grace} s and were cut`, "warn");
  await left;
  await lives.umount();
  endUpkeep();
  logs.flush();
  process.exit(0);
}
