import { scriptCommand } from "../script-command.ts";

/** `skitai update serve.ts`, as `update` of the script. Spec Y1, Y3. */
export const update = scriptCommand(
  "update",
  "Refresh the systemd service of a script, with the flags behind it; needs root",
  ["update"],
);
