import type { Settings } from "../config/settings.ts";
import type { HostSetup } from "../jobs/pools.ts";
import { childVariables, sharedWords } from "../state/process.ts";
import { jobEnvironment, type JobBoot, threadData } from "./role.ts";
import { ownCommand } from "./self.ts";

/**
 * How a worker makes the threads and processes of its jobs: they evaluate the script as it does.
 * @param directory of the log files; `undefined` for the console
 */
export function jobHosts(
  { name, threads: size }: Settings,
  index: JobBoot["index"],
  directory: string | undefined,
): HostSetup {
  const boot = { index, settings: { name, directory, parent: process.pid } } satisfies JobBoot;
  return {
    size,
    threads: {
      // In an executable too: the script is its entry.
      entry: Bun.main,
      words: process.argv.slice(2),
      workerData: () => threadData(boot, sharedWords()),
    },
    processes: {
      command: () => ownCommand(),
      environment: () => {
        const words = sharedWords();
        return { ...jobEnvironment(boot), ...(words === undefined ? {} : childVariables(words.names)) };
      },
      descriptor: () => sharedWords()?.descriptor,
    },
  };
}
