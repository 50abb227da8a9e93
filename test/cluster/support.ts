import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually, Pinned, pinEach } from "../process/support.ts";

/** One worker of a machine, by a connection of its own. */
export class Worker implements Disposable {
  readonly pid: number;
  readonly #pin: Pinned;

  constructor(pid: number, pin: Pinned) {
    this.pid = pid;
    this.#pin = pin;
  }

  /** @throws what the act threw */
  async do<Result = unknown>(act: string, ...given: readonly unknown[]): Promise<Result> {
    const { body } = await this.#pin.get(`/do/${act}?${encodeURIComponent(JSON.stringify(given))}`);
    const { result, error } = JSON.parse(body) as { result: Result; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  }

  [Symbol.dispose](): void {
    this.#pin[Symbol.dispose]();
  }
}

/** One service: a master with its workers, as on a machine of its own. */
export class Machine implements AsyncDisposable {
  readonly client: TestClient;
  workers: Worker[] = [];

  private constructor(client: TestClient) {
    this.client = client;
  }

  static async start(
    redis: string,
    { workers = 2, env = {} }: { workers?: number; env?: Record<string, string> } = {},
  ): Promise<Machine> {
    const client = await testClient(new URL("./fixtures/service.ts", import.meta.url), undefined, {
      workers,
      env: { REDIS: redis, ...env },
    });
    const machine = new Machine(client);
    await machine.meet(workers);
    return machine;
  }

  get first(): Worker {
    return this.workers[0]!;
  }

  /** Connects to each of its workers. */
  async meet(count: number): Promise<void> {
    for (const worker of this.workers.splice(0)) worker[Symbol.dispose]();
    const pids = Array.from({ length: count }, (_, at) => at);
    const pins = await pinEach(this.client.port, pids);
    this.workers = [...pins].map(([pid, pin]) => new Worker(pid, pin));
  }

  /** All of it at once, as when its power fails. */
  async kill(): Promise<void> {
    process.kill(-this.client.pid!, "SIGKILL");
    await this.client.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.workers) worker[Symbol.dispose]();
    await this.client.stop();
  }
}

export const workersOf = (...machines: Machine[]): Worker[] => machines.flatMap(({ workers }) => workers);

/** Polls until each of them gives what is wanted. */
export async function settle(
  workers: readonly Worker[],
  wanted: unknown,
  act: string,
  ...given: readonly unknown[]
): Promise<void> {
  let last: unknown;
  const end = Date.now() + 10_000;
  for (const worker of workers)
    for (;;) {
      last = await worker.do(act, ...given);
      if (Bun.deepEquals(last, wanted)) break;
      if (Date.now() > end)
        throw new Error(`${act}(${given.join(", ")}) gives ${Bun.inspect(last)}, not ${Bun.inspect(wanted)}`);
      await Bun.sleep(10);
    }
}

export { eventually };
