import { parentPort } from "node:worker_threads";
import type { Declaration } from "../config/declaration.ts";
import { type Channel, JobHost } from "../jobs/job-host.ts";
import { installLogs, Logs } from "../log/logs.ts";
import { loadModule } from "../mounts/module.ts";
import { readTarget, textOf } from "../mounts/target.ts";
import { shareWords } from "../state/process.ts";
import { dieWithParent } from "../system/parent-death.ts";
import { setProcessTitle, shortTitle } from "../system/process-title.ts";
import { installAlias } from "../upstream/clusters.ts";
import { takeJobBoot } from "./role.ts";

/** Runs jobs for a worker, in a thread of it or in a process of its own; opens no mounts and serves nothing. Spec Q8. */
export function runJobHost(declaration: Declaration): void {
  const { boot, words } = takeJobBoot();
  const { name, directory, parent } = boot.settings;
  if (Bun.isMainThread) {
    endWithWorker(parent);
    setProcessTitle(`skitai/${name}: jobs of worker #${boot.index}`, shortTitle(name, `:j${boot.index}`));
  } else if (words !== undefined) shareWords(words);
  const logs = installLogs(new Logs(directory));
  // Jobs may call backends, as handlers do.
  for (const alias of declaration.aliases) installAlias(alias);
  const host = new JobHost({
    channel: Bun.isMainThread ? processChannel : threadChannel,
    loadMore: () => loadMounted(declaration, logs),
    flush: () => logs.flush(),
    reopen: () => logs.reopen(),
  });
  const uncaught = (error: unknown): void => {
    logs.server.traceback(error);
    // It may be what the job waits for: the job would wait for ever.
    if (!host.crashed(error)) return;
    logs.flush();
    process.exit(1);
  };
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", uncaught);
  process.on("exit", () => logs.flush());
  host.start();
}

const leave = (): never => process.exit(0);

/** Also when it is killed, and also while a job lets nothing else run. */
function endWithWorker(parent: number): void {
  process.on("disconnect", leave);
  if (!dieWithParent(parent)) leave();
  // A terminal's reach the whole process group: the worker decides what they mean.
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM", "SIGUSR1"] as const) process.on(signal, () => {});
}

const processChannel: Channel = {
  send: (answer) => void process.send!(answer),
  listen: (take) => void process.on("message", take),
};

const threadChannel: Channel = {
  send: (answer) => parentPort!.postMessage(answer),
  listen: (take) => void parentPort!.on("message", take),
};

/** A job may be defined by a module that is only named, which the worker has loaded to mount it. */
async function loadMounted({ mounts }: Declaration, logs: Logs): Promise<void> {
  for (const { target, preference } of mounts) {
    const text = textOf(target);
    if (text === undefined) continue;
    try {
      const found = readTarget(text, preference.base);
      if (found.kind === "module") await loadModule(text, found.path, preference.base);
    } catch (error) {
      logs.server.traceback(error);
    }
  }
}
