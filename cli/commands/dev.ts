import { defineCommand } from "citty";
import { becomeScript } from "../become.ts";
import { readScript } from "../target.ts";
import { fail } from "../terminal.ts";

/** `skitai dev serve.ts`; started before flags are read, so that all of them are the script's. Spec Y3, O4. */
export const dev = defineCommand({
  meta: {
    name: "dev",
    description: "Run a script with --devel: what is saved is live at once; flags behind it are the script's",
  },
  args: {
    script: {
      type: "positional",
      required: true,
      description: "The script that calls run()",
      valueHint: "serve.ts",
    },
  },
  run({ args }) {
    try {
      becomeScript(readScript(args.script), ["--devel"]);
    } catch (error) {
      fail(error);
    }
  },
});
