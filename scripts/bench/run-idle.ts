import type { Case, MemoryCase, StartCase } from "./case.ts";
import { type Instance, start } from "./instance.ts";
import { memory } from "./processes.ts";
import type { MemoryServer, Skipped, StartServer } from "./result.ts";
import type { RunOptions } from "./run.ts";
import type { ServerName } from "./servers/registry.ts";
import { median } from "./statistics.ts";

const MEMORY_STARTS = 3;
const STARTS = 9;
/** Time for a server to come to rest after its first answer. */
const REST = 2_000;

export interface Repeated<T> {
  readonly servers: readonly T[];
  readonly skipped: readonly Skipped[];
}

/** One server at a time, alone and unpinned, started several times; `look` is called on each. */
export async function repeat<L, T>(
  { request }: Pick<Case, "request">,
  names: readonly ServerName[],
  { workspace, binary, progress, signal }: RunOptions,
  times: number,
  look: (instance: Instance) => L | Promise<L>,
  sum: (server: ServerName, looks: readonly L[]) => T,
): Promise<Repeated<T>> {
  const [measured, skipped]: [T[], Skipped[]] = [[], []];
  for (const server of names) {
    progress(server);
    try {
      const looks: L[] = [];
      while (looks.length < times) {
        const instance = await start(server, request, { workspace, binary, cpu: undefined, signal });
        looks.push(await look(instance));
        await instance.stop();
      }
      measured.push(sum(server, looks));
    } catch (error) {
      signal.throwIfAborted();
      skipped.push({ server, reason: (error as Error).message });
    }
  }
  return { servers: measured, skipped };
}

const largest = (processes: readonly number[]): number => Math.max(0, ...processes);
const total = (processes: readonly number[]): number => processes.reduce((sum, bytes) => sum + bytes, 0);

function memoryServer(server: ServerName, looks: readonly number[][]): MemoryServer {
  const processes = median(looks.map((look) => look.length));
  return {
    server,
    master: median(looks.map(([first = 0]) => first)),
    worker: processes > 1 ? median(looks.map(([, ...others]) => largest(others))) : undefined,
    total: median(looks.map(total)),
    processes,
  };
}

async function restAndLook({ pid }: Instance): Promise<number[]> {
  await Bun.sleep(REST);
  return memory(pid);
}

/** Memory at rest. */
export const runMemory = (
  one: MemoryCase,
  names: readonly ServerName[],
  options: RunOptions,
): Promise<Repeated<MemoryServer>> => repeat(one, names, options, MEMORY_STARTS, restAndLook, memoryServer);

/** Time to the first answer. */
export const runStart = (
  one: StartCase,
  names: readonly ServerName[],
  options: RunOptions,
): Promise<Repeated<StartServer>> =>
  repeat(
    one,
    names,
    options,
    STARTS,
    ({ startTime }) => startTime,
    (server, times) => ({ server, times }),
  );
