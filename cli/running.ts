import { basename } from "node:path";
import { SkitaiError } from "../src/errors.ts";
import { RunningService } from "../src/process/control-client.ts";
import { ownDirectories, runRoots } from "../src/process/run-directory.ts";
import { isHeld } from "../src/process/service-files.ts";
import type { ServiceStatus } from "../src/process/status.ts";

interface Running {
  readonly service: RunningService;
  readonly status: ServiceStatus;
}

/** What runs below the usual directories; a service with a `runDirectory` of its own is asked by its script. */
const held = (): string[] => runRoots().flatMap(ownDirectories).filter(isHeld);

/** Those that answer. */
export async function runningServices(name?: string): Promise<Running[]> {
  const services = held().map((directory) => new RunningService(directory));
  const asked = services.map(async (service) => {
    // One that ends while it is asked is none.
    const status = await service.status().catch(() => undefined);
    return status && { service, status };
  });
  return (await Promise.all(asked))
    .filter((each) => each !== undefined)
    .filter(({ status }) => name === undefined || status.name === name)
    .sort(
      (one, other) => one.status.name.localeCompare(other.status.name) || one.status.pid - other.status.pid,
    );
}

const portOf = ({ status }: Running): string => new URL(status.url).port;

/** One that does not answer is known by its directory, `dogs` or `dogs-8080`. */
function stuckService(name: string, port: string | undefined): RunningService | undefined {
  const names = [name, ...(port === undefined ? [] : [`${name}-${port}`])];
  const directory = held().find((each) => names.includes(basename(each)));
  return directory === undefined ? undefined : new RunningService(directory);
}

/**
 * The one of this name, on this port when several have it.
 * @throws SkitaiError OPTION_INVALID when there are several all the same
 */
export async function runningService(
  name: string,
  port?: string | undefined,
): Promise<RunningService | undefined> {
  const all = await runningServices(name);
  const [first, second] = all.filter((each) => port === undefined || portOf(each) === port);
  if (second === undefined) return first?.service ?? (all.length > 0 ? undefined : stuckService(name, port));
  throw new SkitaiError("OPTION_INVALID", {
    name: `skitai/${name} runs ${all.length} times: --port`,
    accepted: `one of ${all.map(portOf).join(", ")}`,
  });
}

/** Arguments of commands that mean one service. */
export const oneService = {
  name: { type: "positional", required: true, description: "Name of the service" },
  port: { type: "string", description: "Which one, when several have this name" },
} as const;
