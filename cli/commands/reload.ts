import { defineCommand } from "citty";
import { nothingToReload } from "../../src/process/service-commands.ts";
import { oneService, runningService } from "../running.ts";
import { fail } from "../terminal.ts";

/** `skitai reload petstore`: as `reload` of its script, which is not read for that. Spec W4, W6. */
export const reload = defineCommand({
  meta: {
    name: "reload",
    description:
      "Serve the new version of a service; ends with 0 when it serves, with 1 when the old one does, with 7 when none runs",
  },
  args: oneService,
  async run({ args: { name, port } }) {
    try {
      const running = await runningService(name, port);
      if (running === undefined) {
        process.stdout.write(`skitai/${name} does not run\n`);
        process.exit(nothingToReload);
      }
      const reason = await running.reload().catch(() => "it ended meanwhile");
      if (reason !== undefined) fail(`skitai/${name} was not reloaded: ${reason}`);
      process.stdout.write(`skitai/${name} reloaded\n`);
      process.exit(0);
    } catch (error) {
      fail(error);
    }
  },
});
