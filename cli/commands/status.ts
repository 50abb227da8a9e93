import { defineCommand } from "citty";
import { RunningService } from "../../src/process/control-client.ts";
import { ownDirectories, runRoots } from "../../src/process/run-directory.ts";
import { isHeld } from "../../src/process/service-files.ts";
import { type ServiceStatus, statusText } from "../../src/process/status.ts";
import { fail } from "../terminal.ts";

/** `skitai status petstore`. Spec W6. */
export const status = defineCommand({
  meta: {
    name: "status",
    description: "Show the running services of this user; ends with 0 when there are some, with 3 when not",
  },
  args: {
    name: { type: "positional", required: false, description: "Only services of this name" },
    json: { type: "boolean", default: false, description: "As JSON, an array" },
  },
  async run({ args: { name, json } }) {
    try {
      const running = await servicesOf(name);
      process.stdout.write(json ? `${JSON.stringify(running)}\n` : textOf(running, name));
      process.exit(running.length > 0 ? 0 : 3);
    } catch (error) {
      fail(error);
    }
  },
});

/** What runs below the usual directories; a service with a `runDirectory` of its own is asked by its script. */
async function servicesOf(name: string | undefined): Promise<ServiceStatus[]> {
  const directories = runRoots().flatMap(ownDirectories).filter(isHeld);
  // One that ends while it is asked is none.
  const asked = directories.map((directory) => new RunningService(directory).status().catch(() => undefined));
  const services = (await Promise.all(asked)).filter((each) => each !== undefined);
  return services
    .filter((each) => name === undefined || each.name === name)
    .sort((one, other) => one.name.localeCompare(other.name) || one.pid - other.pid);
}

const textOf = (running: readonly ServiceStatus[], name: string | undefined): string =>
  running.length > 0
    ? running.map(statusText).join("\n")
    : name === undefined
      ? "no service of this user runs\n"
      : `skitai/${name} does not run\n`;
