import { join } from "node:path";
import { cpus } from "node:os";
import { cpuSeconds } from "./processes.ts";

/** What handlers call, one of each for all servers of a run. */
export type ServiceName = "postgres" | "redis" | "http" | "upstream";
export type Addresses = Readonly<Partial<Record<ServiceName, string>>>;

const START_DEADLINE = 30_000;

/**
 * The services of a run, in processes of their own so that their CPU is not taken for anybody else's; on the load generator's
 * CPU where there are two.
 */
export class Services {
  readonly #running = new Map<
    ServiceName,
    { process: Bun.Subprocess<"pipe", "pipe", "inherit">; at: string }
  >();

  /** Starts those that do not run yet. @throws Error when one cannot be had */
  async need(names: readonly ServiceName[]): Promise<Addresses> {
    for (const name of names) if (!this.#running.has(name)) await this.#start(name);
    return Object.fromEntries(names.map((name) => [name, this.#running.get(name)!.at]));
  }

  /** CPU that they took so far. */
  get cpuSeconds(): number {
    return [...this.#running.values()].reduce((sum, { process }) => sum + cpuSeconds(process.pid), 0);
  }

  async stop(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(
      all.map(async ({ process }) => {
        process.stdin.end();
        await process.exited;
      }),
    );
  }

  async #start(name: ServiceName): Promise<void> {
    const pin = cpus().length > 1 && Bun.which("taskset") ? ["taskset", "-c", "1"] : [];
    const program = join(import.meta.dir, "programs", "service.ts");
    const process_ = Bun.spawn([...pin, process.execPath, program, name], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const timer = setTimeout(() => process_.kill(), START_DEADLINE);
    const { value } = await process_.stdout.getReader().read();
    clearTimeout(timer);
    if (value === undefined) throw new Error(`${name} did not start`);
    this.#running.set(name, { process: process_, at: new TextDecoder().decode(value).trim() });
  }
}
