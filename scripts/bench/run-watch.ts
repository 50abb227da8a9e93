import { join } from "node:path";
import type { RestCase, RiseCase } from "./case.ts";
import type { Instance } from "./instance.ts";
import { memory, processSeconds, processTree } from "./processes.ts";
import type { RestServer, RiseServer } from "./result.ts";
import type { RunOptions } from "./run.ts";
import { type Repeated, repeat } from "./run-idle.ts";
import { socketClient } from "./sockets.ts";
import type { ServerName } from "./servers/registry.ts";

const RISE_STARTS = 3;
/** Time for a server to come to rest after its first answer. */
const REST = 3_000;
/** What a start leaves behind is collected and given back for half a minute. */
const SETTLED = 30_000;
/** How long a server is watched that does nothing, for each second of load that is wished. */
const REST_FACTOR = 20;
const LOOK = 20;

const total = (pid: number): number => memory(pid).reduce((sum, bytes) => sum + bytes, 0);

const holdClient = join(import.meta.dir, "programs", "hold-client.ts");

/** Opens so many connections, and looks when all are open and what came with them has settled. */
async function riseOfSockets(
  { pid, port }: Instance,
  { request, holds }: RiseCase,
  count: number,
): Promise<number> {
  await Bun.sleep(REST);
  const before = total(pid);
  const program =
    holds === "clients"
      ? [holdClient, `${port}`, `${count}`, request.path, `${request.bytes}`]
      : [socketClient, "idle", `${port}`, `${count}`];
  const client = Bun.spawn([process.execPath, ...program], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const { value } = await client.stdout.getReader().read();
    if (value === undefined) throw new Error("not all connections were opened");
    await Bun.sleep(REST);
    if (client.exitCode !== null) throw new Error("connections were not held");
    return total(pid) - before;
  } finally {
    client.kill();
    await client.exited;
  }
}

/** A second request like the first one, which warmed up: what it takes at most while it is answered. */
async function rise({ pid, port }: Instance, { request }: RiseCase): Promise<number> {
  await Bun.sleep(REST);
  const before = total(pid);
  let most = before;
  let ended = false;
  const answer = fetch(`http://127.0.0.1:${port}${request.path}`).finally(() => (ended = true));
  while (!ended) {
    await Bun.sleep(LOOK);
    most = Math.max(most, total(pid));
  }
  const { status } = await answer;
  if (status !== 200) throw new Error(await (await answer).text());
  return most - before;
}

/** Memory that one request takes. */
export const runRise = (
  one: RiseCase,
  names: readonly ServerName[],
  options: RunOptions,
): Promise<Repeated<RiseServer>> =>
  repeat(
    one,
    names,
    options,
    RISE_STARTS,
    (instance) =>
      one.connections === undefined ? rise(instance, one) : riseOfSockets(instance, one, one.connections),
    (server, rises) => ({ server, rises }),
  );

/** Per cent of a CPU for each process, the first one first. */
async function idle({ pid }: Instance, seconds: number): Promise<number[]> {
  await Bun.sleep(SETTLED);
  const processes = processTree(pid);
  const before = processes.map(processSeconds);
  await Bun.sleep(seconds * 1000);
  return processes.map((each, index) => ((processSeconds(each) - before[index]!) / seconds) * 100);
}

/** CPU of servers that nobody asks. */
export const runRest = (
  one: RestCase,
  names: readonly ServerName[],
  options: RunOptions,
): Promise<Repeated<RestServer>> =>
  repeat(
    one,
    names,
    options,
    1,
    (instance) => idle(instance, options.seconds * REST_FACTOR),
    (server, [percents = []]) => ({ server, percents }),
  );
