import { openSync } from "node:fs";
import { isCompiled } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import type { AgentFlags } from "../mail/agent-settings.ts";
import { makeSpool } from "../mail/place.ts";
import { agentEnvironment } from "./role.ts";
import { isAlive } from "./service-files.ts";
import type { AgentMessage } from "./smtpda.ts";
import { agentLog, RunningAgent, systemAgent } from "./smtpda-place.ts";

/** Milliseconds beyond the agent's own patience that a stop may take. */
const stopTime = 12_000;

/**
 * Starts the agent when none sends the mail of this user, its own or root's; it outlives this process. Spec M3, O5.
 * @returns its pid, and whether it is a new one
 * @throws SkitaiError MAIL_SPOOL, LAUNCH_FAILED with its own words
 */
export async function startAgent(flags: AgentFlags): Promise<{ pid: number; started: boolean }> {
  const running = (await RunningAgent.find()?.pid()) ?? systemAgent();
  if (running !== undefined) return { pid: running, started: false };
  const output = openSync(agentLog(makeSpool()), "a", 0o600);
  const ready = Promise.withResolvers<AgentMessage>();
  const agent = Bun.spawn(command(), {
    cwd: "/",
    env: agentEnvironment(flags as Record<string, string>),
    stdio: ["ignore", output, output],
    detached: true,
    serialization: "json",
    ipc: (message: AgentMessage) => ready.resolve(message),
  });
  const said = await Promise.race([ready.promise, agent.exited.then(() => undefined)]);
  if (said?.type === "ready") {
    agent.disconnect();
    agent.unref();
    return { pid: said.pid, started: true };
  }
  // Another one may have been faster.
  const other = await RunningAgent.find()?.pid();
  if (other !== undefined) return { pid: other, started: false };
  throw new SkitaiError("LAUNCH_FAILED", {
    name: `smtpda: ${said?.message ?? "ended at once, see smtpda.log"}`,
  });
}

/** An executable takes its role from the environment; a script need not be run for an agent. */
const command = (): string[] =>
  isCompiled
    ? [process.execPath]
    : [process.execPath, "--no-env-file", Bun.fileURLToPath(new URL("./smtpda-main.ts", import.meta.url))];

/**
 * @returns the pid of what was stopped; `undefined` when none ran
 * @throws SkitaiError LAUNCH_FAILED when it does not stop
 */
export async function stopAgent(): Promise<number | undefined> {
  const agent = RunningAgent.find();
  const pid = await agent?.signal("SIGTERM");
  if (agent === undefined || pid === undefined) return undefined;
  for (const end = Date.now() + stopTime; agent.runs || isAlive(pid); await Bun.sleep(10))
    if (Date.now() > end)
      throw new SkitaiError("LAUNCH_FAILED", {
        name: `smtpda, pid ${pid}, did not stop in ${stopTime / 1000} s`,
      });
  return pid;
}
