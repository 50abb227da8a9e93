import { isCompiled } from "../config/paths.ts";
import { childVariables, type SharedWords } from "../state/process.ts";
import type { WorkerIndex } from "./quic.ts";
import { profileFlag } from "./self.ts";

/** What a process that runs the script is there for. One environment variable, so that script and executable are one path. */
export type Role = "master" | "daemon" | "worker" | "job" | "plan" | "smtpda";

export const roleVariable = "SKITAI_ROLE";
const bootVariable = "SKITAI_BOOT";
/** Where an executable takes Bun's flags from. */
const flagsVariable = "BUN_OPTIONS";

/**
 * What this process is for. A child that the app makes with `Bun.spawn` inherits the environment this process was started
 * with, whatever became of it since, but not the IPC channel: it is nobody's worker.
 */
export function currentRole(): Role {
  if (!Bun.isMainThread) return threadBoot() === undefined ? "master" : "job";
  const role = process.env[roleVariable];
  if (role === "plan") return role;
  const isOurs = role === "worker" || role === "daemon" || role === "job" || role === "smtpda";
  return isOurs && process.send !== undefined ? role : "master";
}

/** What the master has decided and a worker takes as it is. */
export interface Boot<Settings> {
  readonly settings: Settings;
  readonly index: WorkerIndex;
}

/** Environment of a worker: the master's own, with its role and what it has to know. */
export const workerEnvironment = <Settings extends { readonly profile: boolean; readonly threads: number }>(
  boot: Boot<Settings>,
): Record<string, string | undefined> => ({
  ...process.env,
  [roleVariable]: "worker",
  [bootVariable]: JSON.stringify({ ...boot, flags: process.env[flagsVariable] }),
  ...(boot.settings.profile && isCompiled
    ? { [flagsVariable]: `${process.env[flagsVariable] ?? ""} ${profileFlag}` }
    : {}),
  // Which names it may use is what its own version of the script says.
  ...childVariables([]),
  // Bun reads the size of its pool where libuv does, once, at its start. Spec W8.
  UV_THREADPOOL_SIZE: String(boot.settings.threads),
  // `fetch` waits for others above 256 at once by default; a proxy or a bridged app must not.
  BUN_CONFIG_MAX_HTTP_REQUESTS: process.env["BUN_CONFIG_MAX_HTTP_REQUESTS"] ?? "65336",
});

/** What a thread or a process of jobs has to know. */
export type JobBoot = Boot<{
  readonly name: string;
  /** Of the log files; `undefined` for the console. */
  readonly directory?: string | undefined;
  /** The worker. */
  readonly parent: number;
}>;

/** Environment of a process that runs jobs: the worker's own, with its role and what it has to know. */
export const jobEnvironment = (boot: JobBoot): Record<string, string | undefined> => ({
  ...process.env,
  [roleVariable]: "job",
  [bootVariable]: JSON.stringify({ ...boot, flags: process.env[flagsVariable] }),
});

interface ThreadBoot {
  readonly boot: JobBoot;
  readonly words: Pick<SharedWords, "path" | "names"> | undefined;
}

/** The same for a thread: its `workerData`, which threads that the app makes do not inherit. */
export const threadData = (boot: JobBoot, words: SharedWords | undefined): unknown => ({
  [bootVariable]: { boot, words: words && { path: words.path, names: words.names } } satisfies ThreadBoot,
});

/** `undefined` in a thread that the app made. */
function threadBoot(): ThreadBoot | undefined {
  const { workerData } = process.getBuiltinModule("node:worker_threads");
  return (workerData as Record<string, ThreadBoot | undefined> | null | undefined)?.[bootVariable];
}

/** What the worker said to this host of jobs. */
export const takeJobBoot = (): ThreadBoot =>
  Bun.isMainThread ? { boot: takeBoot<JobBoot["settings"]>(), words: undefined } : threadBoot()!;

/** Environment of a master without a terminal; a test runner does not end it. */
export const daemonEnvironment = (): Record<string, string | undefined> => ({
  ...process.env,
  [roleVariable]: "daemon",
  SKITAI_TEST_PARENT: undefined,
});

/** Environment of the mail agent, which outlives whoever started it; `flags` are not for the eyes of `ps`. */
export const agentEnvironment = (
  flags: Readonly<Record<string, string>>,
): Record<string, string | undefined> => ({
  ...process.env,
  [roleVariable]: "smtpda",
  [bootVariable]: JSON.stringify({ settings: flags, flags: process.env[flagsVariable] }),
  SKITAI_TEST_PARENT: undefined,
});

/** Environment of a process that says what `skitai build` has to know. */
export const planEnvironment = (): Record<string, string | undefined> => ({
  ...process.env,
  [roleVariable]: "plan",
});

/** Takes what the master said out of the environment, so that no child of the app inherits it. */
export function takeBoot<Settings>(): Boot<Settings> {
  const text = process.env[bootVariable];
  if (text === undefined) throw new Error(`${bootVariable} is missing: workers are started by a master`);
  const { flags, ...boot } = JSON.parse(text) as Boot<Settings> & { flags?: string };
  delete process.env[bootVariable];
  delete process.env[roleVariable];
  if (flags === undefined) delete process.env[flagsVariable];
  else process.env[flagsVariable] = flags;
  return boot;
}
