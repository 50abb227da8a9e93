import { renameSync, statSync } from "node:fs";
import { version } from "skitai/package.json" with { type: "json" };
import { ApplicationLog } from "../log/application.ts";
import { Sink } from "../log/sink.ts";
import { Agent } from "../mail/agent.ts";
import { type AgentFlags, agentSettings } from "../mail/agent-settings.ts";
import { makeSpool } from "../mail/place.ts";
import { findSpools } from "../mail/spool.ts";
import { setProcessTitle } from "../system/process-title.ts";
import { notify, type Supervision, takeSupervision } from "../system/sd-notify.ts";
import type { RefusedMessage } from "./messages.ts";
import { takeBoot } from "./role.ts";
import { ServiceFiles, socketOf } from "./service-files.ts";
import {
  agentDirectory,
  agentLog,
  type AgentStatus,
  agentTitle,
  announceSystemAgent,
} from "./smtpda-place.ts";

/** What the agent says to who started it, over IPC. */
export type AgentMessage = { readonly type: "ready"; readonly pid: number } | RefusedMessage;

/** Seconds that a stop waits for mails that are being sent. */
export const agentPatience = 10;
/** A log file larger than this (bytes) becomes `smtpda.log.1`. */
const longestLog = 16 * 1024 * 1024;
const logInterval = 60_000;

/** The agent that `startAgent` made. */
export const runSpawnedAgent = (): Promise<void> => runAgent(takeBoot<AgentFlags>().settings);

/** Sends mail until a signal ends it: TERM, INT; HUP reads the settings anew, USR1 opens the log anew. Spec M3. */
export async function runAgent(flags: AgentFlags): Promise<void> {
  process.chdir("/");
  const supervision = takeSupervision(process.env);
  try {
    await launch(flags, supervision);
  } catch (error) {
    return refuse(error as Error);
  }
  process.send?.({ type: "ready", pid: process.pid } satisfies AgentMessage);
  const { socket, watchdog } = supervision;
  if (socket === undefined) return;
  notify(socket, "READY=1", `MAINPID=${process.pid}`, "STATUS=sends mail");
  if (watchdog !== undefined) setInterval(() => notify(socket, "WATCHDOG=1"), (watchdog * 1000) / 2);
}

/** @throws SkitaiError MAIL_SPOOL, SERVICE_RUNS, OPTION_INVALID, OPTION_UNKNOWN */
async function launch(flags: AgentFlags, supervision: Supervision): Promise<void> {
  const since = performance.now();
  const spool = makeSpool();
  const warnings: string[] = [];
  const settings = agentSettings(flags, (text) => warnings.push(text));
  const place = { name: "smtpda", port: 0, runDirectory: agentDirectory(spool) };
  const files = await ServiceFiles.take(place, false);
  const { log, sink } = openLog(agentLog(spool));
  for (const text of warnings) log.log(text, "warn");
  const agent = new Agent(settings, (text, type) => log.log(text, type));
  setProcessTitle(agentTitle, agentTitle);
  announceSystemAgent();
  serveStatus(files.directory, () => ({
    pid: process.pid,
    version,
    uptime: (performance.now() - since) / 1000,
    spools: findSpools().map(({ directory }) => directory),
    log: agentLog(spool),
    ...agent.counters,
    active: agent.active,
  }));
  watchProcess(agent, log, sink, flags, supervision);
  agent.start();
  log.log(`smtpda ${version} sends mail of ${spool}, pid ${process.pid}`);
}

function refuse({ message }: Error): never {
  if (process.send === undefined) process.stderr.write(`skitai: ${message}\n`);
  process.send?.({ type: "refused", message } satisfies AgentMessage);
  process.exit(1);
}

function openLog(path: string): { log: ApplicationLog; sink: Sink } {
  const before = process.umask(0o077);
  const sink = new Sink({ path });
  process.umask(before);
  setInterval(() => {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= longestLog) return;
    renameSync(path, `${path}.1`);
    sink.reopen();
  }, logInterval).unref();
  return { log: new ApplicationLog(sink), sink };
}

/** For this user only, as the directory is. */
function serveStatus(directory: string, status: () => AgentStatus): void {
  const before = process.umask(0o177);
  try {
    Bun.serve({ development: false, unix: socketOf(directory), fetch: () => Response.json(status()) });
  } finally {
    process.umask(before);
  }
}

function watchProcess(
  agent: Agent,
  log: ApplicationLog,
  sink: Sink,
  flags: AgentFlags,
  { socket }: Supervision,
): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    if (socket !== undefined) notify(socket, "STOPPING=1", "STATUS=stopping");
    await agent.stop(agentPatience);
    log.log("smtpda stopped");
    sink.flush();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.on(signal, () => void stop());
  process.on("SIGHUP", () => {
    try {
      agent.settings = agentSettings(flags, (text) => log.log(text, "warn"));
      log.log("settings are read anew");
    } catch (error) {
      log.log(`settings stay as they were: ${(error as Error).message}`, "warn");
    }
  });
  process.on("SIGUSR1", () => sink.reopen());
  process.on("uncaughtException", (error) => log.traceback(error));
  process.on("unhandledRejection", (reason) => log.traceback(reason));
}
