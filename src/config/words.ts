import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Flag } from "./flags.ts";

/** What a command line says. */
export interface Words {
  /** By the flag's long name; the last one given wins. */
  readonly values: ReadonlyMap<string, string | true>;
  /** Words that are neither flag nor value: commands. */
  readonly plain: readonly string[];
  /** Flags that nobody declared, as they were written. */
  readonly unknown: readonly string[];
  /** Flags without the value they need, or with one they do not take. */
  readonly misused: readonly Flag[];
}

/** Reads a command line up to a `--`: what follows that is the script's own. Spec O1, O2. */
export function readWords(args: readonly string[], flags: readonly Flag[]): Words {
  const known = new Map(flags.map((flag) => [flag.long.slice(2), flag]));
  const values = new Map<string, string | true>();
  const plain: string[] = [];
  const unknown: string[] = [];
  const misused: Flag[] = [];
  let skip = -1;
  for (const token of tokensOf(args, flags)) {
    if (token.kind === "option-terminator") break;
    if (token.kind === "positional") {
      if (token.index !== skip) plain.push(token.value);
      continue;
    }
    const flag = known.get(token.name);
    if (flag === undefined) {
      unknown.push(token.rawName);
      // What looks like the value of an unknown flag is no second mistake.
      if (token.value === undefined) skip = token.index + 1;
    } else if (isMisused(flag, token.value)) misused.push(flag);
    else values.set(flag.long, token.value ?? true);
  }
  return { values, plain, unknown, misused };
}

function isMisused({ placeholder, optional }: Flag, value: string | undefined): boolean {
  if (optional) return value === "";
  return (placeholder === undefined) !== (value === undefined);
}

function tokensOf(args: readonly string[], flags: readonly Flag[]) {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const { long, short, placeholder, optional } of flags)
    options[long.slice(2)] = {
      type: placeholder && !optional ? "string" : "boolean",
      ...(short ? { short: short.slice(1) } : {}),
    };
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}
