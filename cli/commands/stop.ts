import { defineCommand } from "citty";
import { oneService, runningService } from "../running.ts";
import { fail } from "../terminal.ts";

/** `skitai stop petstore`: as `stop` of its script, which need not be there any more. Spec W6. */
export const stop = defineCommand({
  meta: {
    name: "stop",
    description:
      "Stop a service of this user; ends with 0 when it does not run, with 1 when it did not stop in time",
  },
  args: oneService,
  async run({ args: { name, port } }) {
    try {
      const running = await runningService(name, port);
      const reason = await running?.end();
      if (reason !== undefined) fail(`skitai/${name}, ${reason}`);
      process.stdout.write(`skitai/${name} ${running === undefined ? "does not run" : "stopped"}\n`);
      process.exit(0);
    } catch (error) {
      fail(error);
    }
  },
});
