import { defineCommand } from "citty";
import { statusText } from "../../src/process/status.ts";
import { runningServices } from "../running.ts";
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
      const running = (await runningServices(name)).map((each) => each.status);
      const text = running.map(statusText).join("\n") || noneOf(name);
      process.stdout.write(json ? `${JSON.stringify(running)}\n` : text);
      process.exit(running.length > 0 ? 0 : 3);
    } catch (error) {
      fail(error);
    }
  },
});

const noneOf = (name: string | undefined): string =>
  name === undefined ? "no service of this user runs\n" : `skitai/${name} does not run\n`;
