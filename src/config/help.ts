import { basename } from "node:path";
import type { CommandLine } from "./arguments.ts";
import type { Flag } from "./flags.ts";
import { commandNames, commandTable } from "./commands.ts";
import { type OptionName, optionRow, variableOf } from "./options.ts";
import { scriptPath } from "./paths.ts";

/** `--help`: the script's own flags, then the engine's with their defaults and variables. Spec O2. */
export function helpText(line: CommandLine): string {
  const script = basename(scriptPath());
  const own = line.ownFlags.map(row);
  const engine = line.engineFlags.map(row);
  return [
    `Usage: ${script} [OPTION]... [COMMAND]`,
    "Without a COMMAND it serves in the foreground",
    "",
    "Commands",
    ...commandNames.map((name) => `  ${name.padEnd(34)} ${commandTable[name].help}`),
    ...(own.length > 0 ? ["", `Options of ${script}`, ...own] : []),
    "",
    "Options of skitai",
    ...engine,
    "",
    "An option is taken from its flag, else SKITAI_<NAME>, else PORT, HOST or WEB_CONCURRENCY, else the script.",
    "",
  ].join("\n");
}

function row({ short, long, placeholder, optional, help, option }: Flag): string {
  const value = placeholder === undefined ? "" : optional ? `[=${placeholder}]` : `=${placeholder}`;
  const name = `${short ? `${short}, ` : "    "}${long}${value}`;
  return `  ${name.padEnd(34)} ${help}${option ? details(option) : ""}`;
}

function details(option: OptionName): string {
  const { default: value, env = [] } = optionRow(option);
  const shown =
    value === undefined || value === false || value === ""
      ? ""
      : `, default ${Array.isArray(value) ? value.join(" ") : String(value)}`;
  return ` [${[variableOf(option), ...env].join(", ")}${shown}]`;
}
