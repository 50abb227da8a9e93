import { scriptCommand } from "../script-command.ts";

/** `skitai dev serve.ts`. Spec Y3, O4. */
export const dev = scriptCommand(
  "dev",
  "Run a script with --devel: what is saved is live at once; flags behind it are the script's",
  ["--devel"],
);
