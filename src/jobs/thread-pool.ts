import { Worker } from "node:worker_threads";
import type { Host, HostEvents, StartHost } from "./host.ts";
import { marked } from "./messages.ts";
import { JobPool, type PoolOptions } from "./pool.ts";

export interface ThreadSetup {
  /** Module that a thread evaluates: the script. */
  readonly entry: string;
  /** Words after the script, as `process.argv` has them. */
  readonly words: readonly string[];
  /** Tells the thread what it is there for. */
  readonly workerData: () => unknown;
}

/** Jobs in threads of this process: a few milliseconds and megabytes each, ended by `terminate()`. */
export const createThreadPool = (setup: ThreadSetup, options: PoolOptions): JobPool =>
  new JobPool(threadStarter(setup), options);

const threadStarter =
  ({ entry, words, workerData }: ThreadSetup): StartHost =>
  (events) => {
    const thread = new Worker(entry, { workerData: workerData(), argv: [...words] });
    listen(thread, events);
    const kill = (): void => void thread.terminate();
    return { send: (message) => thread.postMessage(marked(message)), close: kill, kill } satisfies Host;
  };

function listen(thread: Worker, { message, exited }: HostEvents): void {
  let failure: unknown;
  thread.on("message", message);
  thread.on("messageerror", (error: unknown) => {
    failure ??= error;
    void thread.terminate();
  });
  // Without a listener an error in a thread would be one of the worker.
  thread.on("error", (error: unknown) => {
    failure ??= error;
  });
  thread.on("exit", (code: number) => {
    exited(failure === undefined ? `ended with exit code ${code}` : "ended by an error", failure);
  });
}
