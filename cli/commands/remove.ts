import { scriptCommand } from "../script-command.ts";

/** `skitai remove serve.ts`, as `remove` of the script. Spec Y1, Y3. */
export const remove = scriptCommand("remove", "Take the systemd service of a script away; needs root", [
  "remove",
]);
