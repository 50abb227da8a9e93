import { parseArgs, type ParseArgsConfig } from "node:util";
import { SkitaiError } from "../errors.ts";
import { flagOf, optionNames, optionRow, type OptionName } from "./options.ts";

/** One flag of the command line, the script's or the engine's. */
export interface Flag {
  /** `-D`, when there is one. */
  readonly short?: string;
  /** `--dist`. */
  readonly long: string;
  /** Shown behind `=` in the help; a flag without it takes no value. */
  readonly placeholder?: string;
  readonly help: string;
  /** The engine option that this flag sets. */
  readonly option?: OptionName;
}

type Found = Map<string, string | true>;

/**
 * The command line: flags declared by the engine's table and by the script's `addOption`, read again
 * only when a flag was added since. Spec O1, O2.
 */
export class CommandLine {
  readonly #words: readonly string[];
  readonly #own: Flag[] = [];
  readonly #engine: readonly Flag[];
  #found: Found | undefined;
  #positionals: string[] = [];
  #unknown: string[] = [];
  #misused: SkitaiError[] = [];

  constructor(words: readonly string[]) {
    this.#words = words;
    this.#engine = [{ long: "--help", help: "show this help" }, ...optionNames.map(engineFlag)];
  }

  /**
   * Declares a flag of the script: `add("-D", "--dist", "…")`, `add(null, "--db=DB_NAME", "…")`.
   * @throws SkitaiError OPTION_INVALID for a malformed name, one of the engine's, or one declared twice.
   */
  add(short: string | null, long: string, help: string): void {
    const [name, placeholder] = long.split("=", 2) as [string, string?];
    if (!/^--[a-z][\w-]*$/i.test(name) || (short !== null && !/^-[a-z]$/i.test(short)))
      throw new SkitaiError("OPTION_INVALID", {
        name: "addOption",
        value: [short, long],
        accepted: 'names like ("-D", "--dist") or (null, "--db=DB_NAME")',
      });
    const taken = this.flags.find((flag) => flag.long === name || (short !== null && flag.short === short));
    if (taken)
      throw new SkitaiError("OPTION_INVALID", {
        name: "addOption",
        value: name,
        accepted: `a name that is not taken (${taken.long}: ${taken.help})`,
      });
    this.#own.push({
      long: name,
      help,
      ...(short ? { short } : {}),
      ...(placeholder ? { placeholder } : {}),
    });
    this.#found = undefined;
  }

  /** The value of the first of `names` that was given: text, `true` for a flag without value, else `undefined`. */
  get(...names: string[]): string | true | undefined {
    const found = this.#read();
    for (const name of names) {
      const flag = this.flags.find(({ long, short }) => long === name || short === name);
      const value = flag && found.get(flag.long);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  get flags(): readonly Flag[] {
    return [...this.#engine, ...this.#own];
  }

  get ownFlags(): readonly Flag[] {
    return this.#own;
  }

  get engineFlags(): readonly Flag[] {
    return this.#engine;
  }

  /** Words that are no flag: commands like `start`. */
  get positionals(): readonly string[] {
    this.#read();
    return this.#positionals;
  }

  /** Everything wrong with the line: unknown flags with the nearest known one, missing or superfluous values. */
  problems(): SkitaiError[] {
    this.#read();
    const names = this.flags.flatMap(({ long, short }) => (short ? [long, short] : [long]));
    const unknown = this.#unknown.map((name) => {
      const near = nearest(name, names);
      return new SkitaiError("OPTION_UNKNOWN", {
        name,
        accepted: near ? `unknown option, did you mean ${near}?` : "unknown option, see --help",
      });
    });
    return [...unknown, ...this.#misused];
  }

  #read(): Found {
    if (this.#found) return this.#found;
    const known = new Map(this.flags.map((flag) => [flag.long.slice(2), flag]));
    const { tokens, positionals } = parseArgs({
      args: [...this.#words],
      options: configOf(this.flags),
      strict: false,
      allowPositionals: true,
      tokens: true,
    });
    this.#found = new Map();
    this.#positionals = positionals;
    this.#unknown = [];
    this.#misused = [];
    for (const token of tokens) {
      if (token.kind !== "option") continue;
      const flag = known.get(token.name);
      if (!flag) this.#unknown.push(token.rawName);
      else this.#record(flag, token.value);
    }
    return this.#found;
  }

  #record(flag: Flag, value: string | undefined): void {
    const wrong = flag.placeholder ? value === undefined : value !== undefined;
    if (wrong)
      this.#misused.push(
        new SkitaiError("OPTION_INVALID", {
          name: flag.long,
          accepted: flag.placeholder ? `needs a value: ${flag.long}=${flag.placeholder}` : "takes no value",
        }),
      );
    else this.#found!.set(flag.long, value ?? true);
  }
}

function engineFlag(option: OptionName): Flag {
  const row = optionRow(option);
  return {
    long: flagOf(option),
    help: row.help,
    option,
    ...(row.type === "flag" && row.default === false ? {} : { placeholder: row.type.toUpperCase() }),
  };
}

function configOf(flags: readonly Flag[]): NonNullable<ParseArgsConfig["options"]> {
  return Object.fromEntries(
    flags.map(({ long, short, placeholder }) => [
      long.slice(2),
      { type: placeholder ? "string" : "boolean", ...(short ? { short: short.slice(1) } : {}) },
    ]),
  );
}

/** The name that is fewest edits away, when it is near enough to be a typing slip. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((known) => ({ known, edits: distance(name, known) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best && best.edits <= Math.max(1, Math.floor(name.length / 3)) ? best.known : undefined;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
