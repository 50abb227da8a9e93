import { type CommandDef, defineCommand } from "citty";
import { becomeScript } from "./become.ts";
import { readScript } from "./target.ts";
import { fail } from "./terminal.ts";

const args = {
  script: {
    type: "positional",
    required: true,
    description: "The script that calls run(); flags behind it are its own",
    valueHint: "serve.ts",
  },
} as const;

/**
 * A command that runs a script with `words` before its own flags. Where the script comes first it is started before flags
 * are read, see passed.ts.
 */
export const scriptCommand = (
  name: string,
  description: string,
  words: readonly string[],
): CommandDef<typeof args> =>
  defineCommand({
    meta: { name, description },
    args,
    run({ args: { script } }) {
      try {
        becomeScript(readScript(script), words);
      } catch (error) {
        fail(error);
      }
    },
  });
