import type { Subprocess } from "bun";
import type { StartHost } from "./host.ts";
import { marked } from "./messages.ts";
import { JobPool, type PoolOptions } from "./pool.ts";

export interface ProcessSetup {
  /** Runs the script again. */
  readonly command: () => readonly string[];
  /** With what tells the process what it is there for. */
  readonly environment: () => Record<string, string | undefined>;
  /** What it finds as its fourth one; `undefined` for none. */
  readonly descriptor: () => number | undefined;
}

/** Milliseconds that a process without a job has to end by itself. */
const patience = 2000;

/** Jobs in processes of their own: they may crash, leak or be killed without harm to anything else. */
export const createProcessPool = (setup: ProcessSetup, options: PoolOptions): JobPool =>
  new JobPool(processStarter(setup), options);

const processStarter =
  ({ command, environment, descriptor }: ProcessSetup): StartHost =>
  ({ message, exited }) => {
    const fourth = descriptor();
    const child = Bun.spawn([...command()], {
      env: environment(),
      stdio: ["ignore", "inherit", "inherit", ...(fourth === undefined ? [] : [fourth])],
      // Structured clone, as between threads: Map, Date, BigInt, bytes.
      serialization: "advanced",
      ipc: message,
      onExit: ({ exitCode, signalCode }) =>
        exited(signalCode === null ? `ended with exit code ${exitCode}` : `was ended by ${signalCode}`),
    });
    return {
      send: (request) => child.send(marked(request)),
      close: () => close(child),
      kill: () => child.kill("SIGKILL"),
    };
  };

/** A host ends when its channel does. */
function close(child: Subprocess): void {
  child.disconnect();
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  void child.exited.then(() => clearTimeout(timer));
}
