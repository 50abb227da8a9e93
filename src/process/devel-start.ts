import type { Declaration } from "../config/declaration.ts";
import { scriptPath } from "../config/paths.ts";
import type { Settings } from "../config/settings.ts";
import { Devel } from "./devel.ts";
import { optionsOf } from "./devel-options.ts";
import type { Service } from "./service.ts";
import { note } from "./worker-slot.ts";

/** Reloads a service when its files change. */
export function reloader(declaration: Declaration, { devel }: Settings, service: () => Service): Devel {
  // What workers write comes through this process, and they cannot see that it ends on a terminal.
  const { FORCE_COLOR, NO_COLOR } = process.env;
  const plain = !process.stdout.isTTY || !process.stderr.isTTY || (FORCE_COLOR ?? NO_COLOR) !== undefined;
  if (devel && !plain) process.env["FORCE_COLOR"] = "1";
  return new Devel({
    script: scriptPath(),
    options: optionsOf(declaration),
    devel,
    reload: () => service().reload(() => {}),
    stopping: () => service().stopping,
    note,
  });
}
