import { SkitaiError } from "../errors.ts";
import type { JobPool } from "./pool.ts";
import type { ProcessSetup } from "./process-pool.ts";
import type { SubprocessOptions } from "./subprocess.ts";
import type { ThreadSetup } from "./thread-pool.ts";

/** How this worker makes hosts. */
export interface HostSetup {
  /** Hosts of each kind at most: the setting `threads`. */
  readonly size: number;
  readonly threads: ThreadSetup;
  readonly processes: ProcessSetup;
}

let setup: HostSetup | undefined;
let threads: Promise<JobPool> | undefined;
let processes: Promise<JobPool> | undefined;
let programs: Promise<typeof import("./subprocess.ts")> | undefined;
let closing = false;

/** Called by a worker when it starts; nothing is made or loaded before a pool is asked for. */
export function installHosts(given: HostSetup): void {
  setup = given;
}

/**
 * The threads of this worker.
 * @throws SkitaiError JOB_INVALID anywhere but in a worker; JOB_OVERLOADED when it stops
 */
export async function threadPool(): Promise<JobPool> {
  const { threads: how, size } = givenSetup();
  return (threads ??= import("./thread-pool.ts").then(({ createThreadPool }) =>
    createThreadPool(how, { size }),
  ));
}

/**
 * The job processes of this worker.
 * @throws SkitaiError JOB_INVALID anywhere but in a worker; JOB_OVERLOADED when it stops
 */
export async function processPool(): Promise<JobPool> {
  const { processes: how, size } = givenSetup();
  return (processes ??= import("./process-pool.ts").then(({ createProcessPool }) =>
    createProcessPool(how, { size }),
  ));
}

/** See `runSubprocess`, which is loaded for the first one. */
export async function runProgram(command: readonly string[], options: SubprocessOptions): Promise<string> {
  if (closing) throw stopping();
  programs ??= import("./subprocess.ts");
  return (await programs).runSubprocess(command, options);
}

/** Jobs that start jobs would wait for each other's hosts for ever. */
function givenSetup(): HostSetup {
  if (closing) throw stopping();
  if (setup !== undefined) return setup;
  throw new SkitaiError("JOB_INVALID", {
    name: "job",
    accepted:
      "threads and processes are started by a worker that serves; inside a job, call the other one directly",
  });
}

const stopping = (): SkitaiError =>
  new SkitaiError("JOB_OVERLOADED", { name: "job", accepted: "the worker stops" });

/**
 * Takes no more jobs, lets those that were asked for finish, and ends all hosts and programs.
 * @param grace seconds
 * @returns whether all could finish
 */
export async function closePools(grace: number): Promise<boolean> {
  closing = true;
  const outcomes = await Promise.all([
    threads?.then((pool) => pool.close(grace)),
    processes?.then((pool) => pool.close(grace)),
    programs?.then(({ endSubprocesses }) => endSubprocesses(grace)),
  ]);
  return !outcomes.includes(false);
}

export interface PoolState {
  readonly kind: "thread" | "process";
  readonly hosts: number;
  readonly waiting: number;
}

/** Of the pools that were made. */
export async function poolStates(): Promise<PoolState[]> {
  const made = [
    ["thread", await threads?.catch(() => undefined)],
    ["process", await processes?.catch(() => undefined)],
  ] as const;
  return made.flatMap(([kind, pool]) =>
    pool === undefined ? [] : [{ kind, hosts: pool.hosts, waiting: pool.waiting }],
  );
}

/** Log files were renamed. */
export function reopenHostLogs(): void {
  for (const pool of [threads, processes]) void pool?.then((each) => each.reopenLogs());
}
