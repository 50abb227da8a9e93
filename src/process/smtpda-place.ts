import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sharedSpool, spoolPlaces, spoolVariable } from "../mail/place.ts";
import { isHeld, pidIn, socketOf } from "./service-files.ts";

/** Where lock, pid file and control socket of the agent of a spool are. */
export const agentDirectory = (spool: string): string => join(spool, "agent");
export const agentLog = (spool: string): string => join(spool, "smtpda.log");

/** What `ps` and `top` call it. */
export const agentTitle = "skitai/smtpda";

const systemPid = join(sharedSpool, "agent.pid");
const isRoot = (): boolean => process.geteuid?.() === 0;

/** Root's agent tells the users that it sends their mail. */
export function announceSystemAgent(): void {
  if (!isRoot() || process.env[spoolVariable]) return;
  writeFileSync(systemPid, `${process.pid}\n`, { mode: 0o644 });
  process.on("exit", () => rmSync(systemPid, { force: true }));
}

/**
 * The pid of root's agent, for a user whose mail is in the shared spool. The file and the process must be root's: others could
 * say that one runs where none does.
 */
export function systemAgent(): number | undefined {
  if (isRoot() || process.env[spoolVariable]) return undefined;
  try {
    const pid = Number(readFileSync(systemPid, "latin1"));
    const title = readFileSync(`/proc/${pid}/comm`, "latin1").trim();
    const roots = statSync(systemPid).uid === 0 && statSync(`/proc/${pid}`).uid === 0;
    return roots && title === agentTitle ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** What the agent says of itself. */
export interface AgentStatus {
  readonly pid: number;
  readonly version: string;
  /** Seconds. */
  readonly uptime: number;
  readonly spools: readonly string[];
  readonly log: string;
  /** Since it runs: mails, and tries that were put off. */
  readonly delivered: number;
  readonly deferred: number;
  readonly undelivered: number;
  /** Being sent now. */
  readonly active: number;
}

/** This user's agent, when it runs. */
export class RunningAgent {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static find(): RunningAgent | undefined {
    const directory = spoolPlaces().map(agentDirectory).find(isHeld);
    return directory === undefined ? undefined : new RunningAgent(directory);
  }

  get runs(): boolean {
    return isHeld(this.#directory);
  }

  pid(): Promise<number | undefined> {
    return pidIn(this.#directory);
  }

  /** Its socket is there a moment after its lock. */
  async status(): Promise<AgentStatus> {
    for (const end = Date.now() + 2000; ; await Bun.sleep(10)) {
      try {
        const answer = await fetch("http://localhost/status", { unix: socketOf(this.#directory) });
        return (await answer.json()) as AgentStatus;
      } catch (error) {
        if (Date.now() > end || !this.runs) throw error;
      }
    }
  }

  /** @returns the pid; `undefined` when it was gone already */
  async signal(signal: NodeJS.Signals): Promise<number | undefined> {
    const pid = await this.pid();
    if (pid === undefined || !this.runs) return undefined;
    process.kill(pid, signal);
    return pid;
  }
}
