import { SkitaiError } from "../errors.ts";
import { type CommandName, commandNames } from "./commands.ts";
import { engineFlags, type Flag } from "./flags.ts";
import { nearest } from "./nearest.ts";
import { readWords, type Words } from "./words.ts";

/**
 * The command line: flags declared by the engine's table and by the script's `addOption`, read again
 * only when a flag was added since. Spec O1, O2.
 */
export class CommandLine {
  readonly #arguments: readonly string[];
  readonly #own: Flag[] = [];
  readonly #engine = engineFlags();
  #words: Words | undefined;

  constructor(words: readonly string[]) {
    this.#arguments = words;
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
        value: taken.long === name ? name : short,
        accepted: `a name that is not taken (${taken.long}: ${taken.help})`,
      });
    this.#own.push({
      long: name,
      help,
      ...(short ? { short } : {}),
      ...(placeholder ? { placeholder } : {}),
    });
    this.#words = undefined;
  }

  /** The value of the first of `names` that was given: text, `true` for a flag without value, else `undefined`. */
  get(...names: string[]): string | true | undefined {
    const { values } = this.#read();
    for (const name of names) {
      const flag = this.flags.find(({ long, short }) => long === name || short === name);
      const value = flag && values.get(flag.long);
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

  /** The flags that were given, with their values, in the order of `flags`; then `--` and the script's own words, if any. */
  get given(): { flags: { flag: Flag; value: string | true }[]; rest: readonly string[] } {
    const { values } = this.#read();
    const end = this.#arguments.indexOf("--");
    return {
      flags: this.flags.flatMap((flag) => {
        const value = values.get(flag.long);
        return value === undefined ? [] : [{ flag, value }];
      }),
      rest: end < 0 ? [] : this.#arguments.slice(end),
    };
  }

  /** What is asked for instead of serving: `start`, or its flag `-d`. */
  get command(): CommandName | undefined {
    const { values, plain } = this.#read();
    return (
      commandNames.find((name) => plain.includes(name)) ??
      this.#engine.find(({ command, long }) => command && values.has(long))?.command
    );
  }

  /** Everything wrong: unknown flags and commands with the nearest known one, missing or superfluous values. */
  problems(): SkitaiError[] {
    const { plain, unknown, misused } = this.#read();
    const flags = this.flags.flatMap(({ long, short }) => (short ? [long, short] : [long]));
    const commands: readonly string[] = commandNames;
    return [
      ...unknown.map((name) => unknownError("option", name, flags)),
      ...plain
        .filter((word) => !commands.includes(word))
        .map((word) => unknownError("command", word, commands)),
      ...misused.map(misuseError),
    ];
  }

  #read(): Words {
    return (this.#words ??= readWords(this.#arguments, this.flags));
  }
}

function unknownError(kind: "option" | "command", name: string, known: readonly string[]): SkitaiError {
  const near = nearest(name, known);
  return new SkitaiError("OPTION_UNKNOWN", {
    name,
    accepted: near ? `unknown ${kind}, did you mean ${near}?` : `unknown ${kind}, see --help`,
  });
}

const misuseError = ({ long, placeholder }: Flag): SkitaiError =>
  new SkitaiError("OPTION_INVALID", {
    name: long,
    accepted: placeholder ? `needs a value: ${long}=${placeholder}` : "takes no value",
  });
