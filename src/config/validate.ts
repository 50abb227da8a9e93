import { BlockList } from "node:net";
import { availableParallelism } from "node:os";
import { basename, dirname } from "node:path";
import { z } from "zod";
import { SkitaiError } from "../errors.ts";
import { parseNetwork } from "../http/network.ts";
import type { Declaration } from "./declaration.ts";
import { flagOf, optionNames, optionRow, type OptionName, type OptionType, variableOf } from "./options.ts";
import type { Settings } from "./settings.ts";
import { scriptPath } from "./paths.ts";
import { parseDuration, parseSize } from "./units.ts";

/** An option's raw value and where it was said, for the message. */
interface Source {
  readonly name: string;
  readonly value: unknown;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Everything wrong with a declaration, and the settings when nothing is. Runs in the master before anything listens.
 * The sentences are our own: zod's do not say the value that was given.
 */
export function validate(
  declaration: Declaration,
  environment: Environment,
): { settings: Settings; errors: SkitaiError[] } {
  const errors = [...declaration.errors, ...declaration.commandLine.problems(), ...unknownKeys(declaration)];
  const settings: Record<string, unknown> = { secure: declaration.tls !== undefined };
  for (const name of optionNames) {
    const row = optionRow(name);
    const source = sourceOf(name, declaration, environment);
    const result = schemaOf(row).safeParse(source?.value ?? row.default ?? defaultName());
    if (result.success) settings[name] = result.data;
    else
      errors.push(
        new SkitaiError("OPTION_INVALID", {
          name: source?.name ?? name,
          value: source?.value,
          accepted: row.accepted,
        }),
      );
  }
  return { settings: Object.freeze(settings) as unknown as Settings, errors };
}

/** Precedence in one expression: flag, `SKITAI_*`, common variable, script. */
function sourceOf(name: OptionName, declaration: Declaration, environment: Environment): Source | undefined {
  const flag = flagOf(name);
  const candidates: Source[] = [
    { name: flag, value: declaration.commandLine.get(flag) },
    ...[variableOf(name), ...(optionRow(name).env ?? [])].map((variable) => ({
      name: variable,
      value: environment[variable] || undefined,
    })),
    { name, value: declaration.options[name] },
  ];
  return candidates.find(({ value }) => value !== undefined);
}

function unknownKeys(declaration: Declaration): SkitaiError[] {
  return Object.keys(declaration.options)
    .filter((key) => !optionNames.includes(key as OptionName))
    .map(
      (key) =>
        new SkitaiError("OPTION_UNKNOWN", {
          name: key,
          accepted: `unknown option of run(), known are ${optionNames.join(", ")}`,
        }),
    );
}

function schemaOf(row: OptionType): z.ZodType {
  switch (row.type) {
    case "text":
      return row.pattern ? z.string().regex(row.pattern) : z.string();
    case "integer":
      return z.preprocess(numeral, z.int().min(row.min).max(row.max));
    case "workers":
      return z.preprocess(
        (value) => (value === "auto" ? availableParallelism() : numeral(value)),
        z.int().min(1).max(1024),
      );
    case "duration":
      return z.preprocess(parseDuration, z.number().min(row.min).max(row.max));
    case "size":
      return z.preprocess(wholeSize, z.int().min(row.min).max(row.max));
    case "flag":
      return z.preprocess((value) => truth[String(value)], z.boolean());
    case "port":
      return z.preprocess(
        (value) => truth[String(value)] ?? numeral(value),
        z.union([z.boolean(), z.int().min(2).max(65535)]),
      );
    case "choice":
      return z.enum(row.of);
    case "networks":
      return z.preprocess(
        listed,
        z.array(z.string().refine((network) => parseNetwork(network, new BlockList()))),
      );
  }
}

const truth: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  "1": true,
  "0": false,
  yes: true,
  no: false,
  on: true,
  off: false,
};
const numeral = (value: unknown): unknown =>
  typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
const listed = (value: unknown): unknown =>
  typeof value === "string" ? value.split(/[\s,]+/).filter(Boolean) : value;

function wholeSize(value: unknown): unknown {
  const size = parseSize(value);
  return size === undefined ? value : Math.floor(size);
}

/** `/srv/petstore/serve.ts` → `petstore-serve`, two scripts of one directory apart. */
function defaultName(): string {
  const script = scriptPath();
  return `${basename(dirname(script)) || "root"}-${basename(script).replace(/\.\w+$/, "")}`
    .replace(/[^\w.-]/g, "_")
    .slice(-64);
}
