import { defineCommand } from "citty";
import { SkitaiError } from "../../src/errors.ts";
import { bashCompletions } from "../completions/bash.ts";
import { fishCompletions } from "../completions/fish.ts";
import { zshCompletions } from "../completions/zsh.ts";
import { type Definition, readDefinitions } from "../definitions.ts";
import { fail } from "../terminal.ts";

const shells = { bash: bashCompletions, zsh: zshCompletions, fish: fishCompletions } satisfies Record<
  string,
  (definitions: readonly Definition[]) => string
>;

/** `skitai completions bash`. Spec Y3. */
export const completions = defineCommand({
  meta: { name: "completions", description: "Print what makes a shell complete the words of this command" },
  args: {
    shell: { type: "positional", required: true, description: "Which shell", valueHint: "bash|zsh|fish" },
  },
  async run({ args: { shell } }) {
    try {
      if (!(shell in shells))
        throw new SkitaiError("OPTION_INVALID", {
          name: "completions",
          value: shell,
          accepted: Object.keys(shells).join(", "),
        });
      process.stdout.write(shells[shell as keyof typeof shells](await readDefinitions()));
    } catch (error) {
      fail(error);
    }
  },
});
