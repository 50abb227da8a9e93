import { type CommandName, commandNames, type CommandRow, commandTable } from "./commands.ts";
import { flagOf, optionNames, optionRow, type OptionName } from "./options.ts";

/** One flag of the command line, the script's or the engine's. */
export interface Flag {
  /** `-D`, when there is one. */
  readonly short?: string;
  /** `--dist`. */
  readonly long: string;
  /** Shown behind `=` in the help; a flag without it takes no value. */
  readonly placeholder?: string;
  /** The value may be left out, and is never the next word. */
  readonly optional?: true;
  readonly help: string;
  /** The engine option that this flag sets. */
  readonly option?: OptionName;
  /** The command that this flag stands for. */
  readonly command?: CommandName;
}

/** The flags of the engine, in the order of its tables. */
export const engineFlags = (): readonly Flag[] => [
  { long: "--help", help: "show this help" },
  ...commandNames.flatMap(commandFlag),
  { long: "--json", help: "status as JSON" },
  {
    long: "--root",
    placeholder: "DIR",
    help: "install below this directory, for an image; systemd is not told",
  },
  {
    long: "--fallback-user",
    placeholder: "USER",
    help: "whom an installed service runs as, default who called sudo",
  },
  ...optionNames.map(engineFlag),
];

/** Not every command has a flag. */
function commandFlag(command: CommandName): readonly Flag[] {
  const { long, ...rest }: CommandRow = commandTable[command];
  return long === undefined ? [] : [{ ...rest, long, command }];
}

function engineFlag(option: OptionName): Flag {
  const row = optionRow(option);
  return {
    long: flagOf(option),
    help: row.help,
    option,
    ...(row.type === "flag" && row.default === false ? {} : { placeholder: row.type.toUpperCase() }),
    ...(row.type === "port" ? { optional: true } : {}),
  };
}
