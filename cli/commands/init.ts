import { relative } from "node:path";
import { defineCommand } from "citty";
import { initiate } from "../init/init.ts";
import { templateNames } from "../init/templates.ts";
import { fail, terminal } from "../terminal.ts";

/** `skitai init petstore`. Spec Y3. */
export const init = defineCommand({
  meta: {
    name: "init",
    description: "Write a small new project: a script, an app, a test, a page; nothing is installed",
  },
  args: {
    directory: {
      type: "positional",
      required: false,
      default: ".",
      description: "Where to",
      valueHint: "dir",
    },
    template: {
      type: "enum",
      options: [...templateNames],
      default: "hono",
      description: "An app of Hono, or a function",
    },
    force: { type: "boolean", default: false, description: "Write into a directory that is not empty" },
    json: { type: "boolean", default: false, description: "Say what was made as JSON" },
  },
  run({ args: { directory, template, force, json } }) {
    try {
      const made = initiate({ directory, template: template as (typeof templateNames)[number], force });
      if (json) return void process.stdout.write(`${JSON.stringify(made)}\n`);
      const place = relative("", made.directory);
      terminal.success(`${made.name}: ${made.files.join(", ")}`);
      const steps = [
        ...(place === "" ? [] : [`cd ${place}`]),
        "npm install",
        "npx skitai dev serve.ts",
        "npm test",
      ];
      terminal.log(`Next:\n${steps.map((step) => `  ${step}`).join("\n")}`);
    } catch (error) {
      fail(error);
    }
  },
});
