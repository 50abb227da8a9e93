import type { ArgsDef } from "citty";

/** A flag of one command, as completions and help need it. */
export interface DefinedFlag {
  /** With its hyphens. */
  readonly name: string;
  readonly help: string;
  readonly takesValue: boolean;
  /** All that it accepts, when that is a list. */
  readonly values: readonly string[];
}

/** One command of `skitai`, read from its citty definition. */
export interface Definition {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly DefinedFlag[];
  /** Words that it takes first. */
  readonly words: readonly string[];
}

interface Loaded {
  readonly meta?: { readonly description?: string };
  readonly args?: ArgsDef;
}

type Registry = Readonly<Record<string, () => Promise<unknown>>>;

let registry: Registry = {};

/** Called once, by what runs the commands: one of them could not import the list that it is in. */
export function defineCommands(commands: Registry): void {
  registry = commands;
}

/** All commands, by name. */
export const readDefinitions = (): Promise<Definition[]> =>
  Promise.all(
    Object.entries(registry).map(async ([name, load]) => {
      const { meta, args = {} } = (await load()) as Loaded;
      const rows = Object.entries(args);
      return {
        name,
        help: meta?.description ?? "",
        flags: [...rows.filter(([, { type }]) => type !== "positional").map(flagOf), helpFlag],
        words: rows.flatMap(([, arg]) => (arg.type === "positional" ? wordsOf(arg.valueHint) : [])),
      };
    }),
  );

const helpFlag: DefinedFlag = {
  name: "--help",
  help: "Show what the command does",
  takesValue: false,
  values: [],
};

const flagOf = ([name, { type, description = "", ...rest }]: [string, ArgsDef[string]]): DefinedFlag => ({
  name: `--${name}`,
  help: description,
  takesValue: type !== "boolean",
  values: "options" in rest ? (rest.options ?? []) : [],
});

/** `bash|zsh|fish` are words to be typed, `dir|script` are not. */
const wordsOf = (hint = ""): string[] => (/^(?:bash|zsh|fish|\|)+$/.test(hint) ? hint.split("|") : []);
