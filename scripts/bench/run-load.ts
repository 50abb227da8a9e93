import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { LoadCase } from "./case.ts";
import { type Instance, start } from "./instance.ts";
import { clients } from "./clients.ts";
import { cpuSeconds, machineSeconds, memory } from "./processes.ts";
import type { LoadServer, Sample, Skipped } from "./result.ts";
import type { RunOptions } from "./run.ts";
import { type ServerName, servers } from "./servers/registry.ts";

/** Longer than any server holds log lines back, so that writing them is counted. */
const SETTLE = 200;
/** No line of these fields is shorter. */
const LEAST_LOG_LINE = 40;

const files = (directory: string): string[] => readdirSync(directory).map((name) => join(directory, name));

const size = (directory: string): number =>
  files(directory).reduce((sum, file) => sum + statSync(file).size, 0);

/** A server that says it logs and does not would look good. */
function checkLog({ name, logs }: Instance, before: number, requests: number): void {
  const grown = size(logs) - before;
  if (servers[name].log && grown < requests * LEAST_LOG_LINE)
    throw new Error(`logged ${grown} bytes for ${requests} requests`);
}

async function sample(
  instance: Instance,
  one: LoadCase,
  { seconds, signal, workspace: { services } }: RunOptions,
): Promise<Sample> {
  const { pid, port, logs } = instance;
  const { client = "wrk", connections, pinned, request } = one;
  const logged = size(logs);
  const cpu = pinned ? 1 : undefined;
  const started = Bun.nanoseconds();
  const [serverBefore, servicesBefore, machineBefore] = [
    cpuSeconds(pid),
    services.cpuSeconds,
    machineSeconds(),
  ];
  const load = await clients[client].drive({ port, request, connections, seconds, cpu, signal });
  await Bun.sleep(SETTLE);
  const used = cpuSeconds(pid) - serverBefore;
  const asked = services.cpuSeconds - servicesBefore;
  const others = machineSeconds() - machineBefore - used - asked - load.cpuSeconds;
  const elapsed = (Bun.nanoseconds() - started) / 1e9;
  checkLog(instance, logged, load.requests);
  for (const file of files(logs)) truncateSync(file);
  const { requests, rate, p99, busy } = load;
  return {
    requests,
    rate,
    p99,
    cpu: (used * 1e6) / requests,
    loadBusy: busy,
    others: Math.max(0, others / elapsed),
  };
}

interface Runner {
  readonly instance: Instance;
  readonly samples: Sample[];
}

/** Runs one case: all servers are up for all of it, driven in turn, in reversed order on odd rounds. */
export class LoadRun {
  readonly skipped: Skipped[] = [];
  readonly #case: LoadCase;
  readonly #options: RunOptions;
  #runners: Runner[] = [];

  constructor(one: LoadCase, options: RunOptions) {
    this.#case = one;
    this.#options = options;
  }

  async run(names: readonly ServerName[]): Promise<LoadServer[]> {
    for (const name of names) await this.#guard(name, () => this.#start(name));
    await this.#each(this.#runners, (runner) =>
      sample(runner.instance, this.#case, { ...this.#options, seconds: 1 }),
    ); // warm-up
    for (let round = 0; round < this.#options.rounds; round++) await this.#round(round);
    const measured = this.#runners.map(({ instance, samples }) => ({
      server: instance.name,
      samples,
      memory: memory(instance.pid),
    }));
    await Promise.all(this.#runners.map(({ instance }) => instance.stop()));
    return measured;
  }

  async #start(name: ServerName): Promise<void> {
    const { workspace, binary, signal } = this.#options;
    const cpu = this.#case.pinned ? 0 : undefined;
    this.#runners.push({
      instance: await start(name, this.#case.request, { workspace, binary, cpu, signal }),
      samples: [],
    });
  }

  #round(round: number): Promise<void> {
    this.#options.progress(`round ${round + 1}/${this.#options.rounds}`);
    const order = round % 2 === 0 ? this.#runners : this.#runners.toReversed();
    return this.#each(order, async ({ instance, samples }) => {
      samples.push(await sample(instance, this.#case, this.#options));
    });
  }

  async #each(runners: readonly Runner[], action: (runner: Runner) => Promise<unknown>): Promise<void> {
    for (const runner of [...runners]) await this.#guard(runner.instance.name, () => action(runner));
  }

  /** One that goes wrong leaves the case, with the reason; the others go on. */
  async #guard(name: ServerName, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#options.signal.throwIfAborted();
      this.skipped.push({ server: name, reason: (error as Error).message });
      const failed = this.#runners.find(({ instance }) => instance.name === name);
      this.#runners = this.#runners.filter((runner) => runner !== failed);
      await failed?.instance.stop();
    }
  }
}
