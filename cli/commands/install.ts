import { scriptCommand } from "../script-command.ts";

/** `skitai install serve.ts`, as `install` of the script. Spec Y1, Y3. */
export const install = scriptCommand(
  "install",
  "Make a systemd service of a script, with the flags behind it; needs root",
  ["install"],
);
