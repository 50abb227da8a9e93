import { becomeScript } from "./become.ts";
import { readScript, readTarget } from "./target.ts";

/** Commands whose words behind the script are the script's, with what comes before these. */
const prefixes: Readonly<Record<string, readonly string[]>> = {
  dev: ["--devel"],
  install: ["install"],
  update: ["update"],
  remove: ["remove"],
};

/**
 * `skitai serve app.ts …`, `skitai dev app.ts …`: every word behind the script is the script's, `--help` and its commands
 * too. Never returns for these; returns for all that `skitai` reads itself.
 */
export function runPassed([command = "", target, ...words]: readonly string[]): void {
  if (target === undefined || target.startsWith("-")) return;
  const prefix = Object.hasOwn(prefixes, command) ? prefixes[command] : undefined;
  if (prefix !== undefined) becomeScript(readScript(target), [...prefix, ...words]);
  if (command !== "serve") return;
  const { kind, path } = readTarget(target);
  if (kind === "script") becomeScript(path, words);
}
