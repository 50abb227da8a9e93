import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { SkitaiError } from "../../src/errors.ts";
import { projectOf, type TemplateName } from "./templates.ts";

export interface InitOptions {
  /** From the current directory. */
  readonly directory: string;
  readonly template: TemplateName;
  /** Write into a directory that has files; those of the same name are replaced. */
  readonly force: boolean;
}

/** What was made. */
export interface Initiated {
  /** Absolute. */
  readonly directory: string;
  readonly name: string;
  readonly files: readonly string[];
}

/**
 * Writes a new project; nothing is installed.
 * @throws SkitaiError OPTION_INVALID when the directory is not empty, or cannot be written
 */
export function initiate({ directory: text, template, force }: InitOptions): Initiated {
  const directory = resolve(text);
  try {
    if (existsSync(directory) && readdirSync(directory).some((name) => name !== ".git") && !force)
      throw new SkitaiError("OPTION_INVALID", {
        name: text,
        accepted: "is not empty; --force writes into it all the same",
      });
    const name = nameOf(directory);
    const project = projectOf(name, template);
    for (const [path, content] of Object.entries(project)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    return { directory, name, files: Object.keys(project) };
  } catch (cause) {
    if (cause instanceof SkitaiError) throw cause;
    throw new SkitaiError("OPTION_INVALID", {
      name: text,
      accepted: `cannot be written (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message})`,
      cause,
    });
  }
}

/** What both a package and a service may be called. */
const nameOf = (directory: string): string =>
  basename(directory)
    .toLowerCase()
    .replace(/[^a-z\d._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "")
    .slice(0, 64) || "service";
