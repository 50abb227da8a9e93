import type { ArgsDef } from "citty";
import type { Flag } from "../src/config/flags.ts";
import { nearest } from "../src/config/nearest.ts";
import { readWords } from "../src/config/words.ts";
import { SkitaiError } from "../src/errors.ts";
import type { commands as registry } from "./commands.ts";
import { fail } from "./terminal.ts";

const ownFlags: readonly Flag[] = [
  { long: "--help", short: "-h", help: "" },
  { long: "--version", short: "-v", help: "" },
];

/**
 * Ends with exit code 1 and one line for a command or flag that there is not, with the nearest that there is, for a flag
 * without its value and for a word too many. citty takes all of these.
 */
export async function refuseUnknown(words: readonly string[], commands: typeof registry): Promise<void> {
  const [name, ...rest] = words;
  if (name === undefined) return;
  if (name.startsWith("-")) return refuseWords(words, ownFlags, 0);
  const names = Object.keys(commands);
  if (!names.includes(name)) refuse("command", name, names);
  const { args = {} } = await commands[name as keyof typeof commands]();
  const rows = Object.entries(args as ArgsDef);
  const positionals = rows.filter(([, { type }]) => type === "positional");
  const flags = rows.filter(([, { type }]) => type !== "positional").map(flagOf);
  refuseWords(rest, [...flags, ...ownFlags.slice(0, 1)], wordsOf(positionals));
  refuseValues(readWords(rest, flags).values, rows);
}

/** `names...` takes any number. */
const wordsOf = (positionals: readonly [string, ArgsDef[string]][]): number =>
  positionals.some(([, { valueHint }]) => valueHint?.endsWith("..."))
    ? Number.POSITIVE_INFINITY
    : positionals.length;

const flagOf = ([name, { type, description }]: [string, ArgsDef[string]]): Flag => ({
  long: `--${name}`,
  help: description ?? "",
  ...(type === "boolean" ? {} : { placeholder: name }),
});

function refuseWords(words: readonly string[], flags: readonly Flag[], positionals: number): void {
  const { unknown, misused, plain } = readWords(words, flags);
  for (const word of unknown)
    refuse(
      "option",
      word,
      flags.map(({ long }) => long),
    );
  for (const { long, placeholder } of misused)
    fail(
      new SkitaiError("OPTION_INVALID", {
        name: long,
        accepted: placeholder === undefined ? "takes no value" : "needs a value",
      }),
    );
  const extra = plain[positionals];
  if (extra !== undefined)
    fail(new SkitaiError("OPTION_UNKNOWN", { name: extra, accepted: "is a word too many" }));
}

/** A word that is none of a list. */
function refuseValues(
  values: ReadonlyMap<string, string | true>,
  rows: readonly [string, ArgsDef[string]][],
): void {
  for (const [name, arg] of rows) {
    const value = values.get(`--${name}`);
    const options = arg.type === "enum" ? (arg.options ?? []) : [];
    if (options.length === 0 || typeof value !== "string" || options.includes(value)) continue;
    fail(
      new SkitaiError("OPTION_INVALID", {
        name: `--${name}`,
        value,
        accepted: `one of ${options.join(", ")}`,
      }),
    );
  }
}

function refuse(kind: "command" | "option", word: string, known: readonly string[]): never {
  const near = nearest(word, known);
  const hint = near === undefined ? "see skitai --help" : `did you mean ${near}?`;
  fail(new SkitaiError("OPTION_UNKNOWN", { name: word, accepted: `unknown ${kind}, ${hint}` }));
}
