import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { SkitaiError } from "../../src/errors.ts";
import type { Plan } from "../../src/process/plan.ts";
import { compile } from "./compile.ts";
import { embeddingCode, virtualFile } from "./embedding.ts";
import { filesBelow, type FoundFile } from "./files.ts";
import { checkOutfile, placeOutfile } from "./outfile.ts";
import { readPlan } from "./plan.ts";
import { otherTarget, type Target } from "./targets.ts";

export interface BuildOptions {
  /** Path from the current directory. */
  readonly script: string;
  /** Path from the current directory. Default: the service name, else the name of the script's directory. */
  readonly outfile: string | undefined;
  readonly embedStatic: boolean;
  readonly minify: boolean;
  /** The system it is for. Default: this one. Spec Y4. */
  readonly target?: Target | undefined;
}

/** What was made. */
export interface Built {
  /** Absolute. */
  readonly outfile: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly modules: number;
  readonly directories: number;
  readonly files: number;
}

/**
 * Makes one executable of a script, its module mounts and its static directories. Spec Y2.
 * @throws SkitaiError BUILD_FAILED with all that the user has to know
 */
export async function buildExecutable(options: BuildOptions): Promise<Built> {
  const start = Bun.nanoseconds();
  const script = scriptOf(options.script);
  const plan = await readPlan(script);
  const outfile = resolve(options.outfile ?? defaultName(plan, script));
  checkOutfile(outfile);
  const { modules, directories } = contentsOf(plan, options.embedStatic);
  const files = directories.flatMap((directory) => directory.files);
  const code = embeddingCode(enginePath(script), modules, directories, plan.protos);
  const virtual = new Map<string, string | Uint8Array>(
    files.map((file) => [virtualFile(file), file.bytes] as const),
  );
  await placeOutfile(outfile, (path) =>
    compile({
      ...{ script, outfile: path, code, virtual, minify: options.minify },
      target: otherTarget(options.target),
    }),
  );
  return {
    outfile,
    bytes: statSync(outfile).size,
    seconds: (Bun.nanoseconds() - start) / 1e9,
    modules: modules.length,
    directories: directories.length,
    files: files.length,
  };
}

function scriptOf(text: string): string {
  const script = resolve(text);
  const reason = !existsSync(script)
    ? "there is no such script"
    : statSync(script).isFile()
      ? undefined
      : "is a directory, name the script in it";
  if (reason !== undefined) throw new SkitaiError("BUILD_FAILED", { name: text, accepted: reason });
  // The bundler knows files by their real paths.
  return realpathSync(script);
}

const defaultName = ({ name }: Plan, script: string): string =>
  name ?? (basename(dirname(script)) || basename(script, extname(script)));

/** The engine that the script imports: what is embedded must reach that one, not the one this command came with. */
function enginePath(script: string): string {
  const engine = dirname(Bun.resolveSync("skitai", dirname(script)));
  if (["mounts", "grpc"].every((room) => existsSync(resolve(engine, room, "embedded.ts")))) return engine;
  throw new SkitaiError("BUILD_FAILED", {
    name: engine,
    accepted: "the skitai that the script imports is of another version than this command",
  });
}

/** Everything that has to be inside, by the keys it is found under. */
function contentsOf(
  { mounts, dotFiles }: Plan,
  embedStatic: boolean,
): {
  modules: { keys: readonly string[]; path: string }[];
  directories: { keys: readonly string[]; files: FoundFile[] }[];
} {
  const modules = mounts.flatMap(({ keys, target: { kind, path } }) =>
    kind === "module" ? [{ keys, path }] : [],
  );
  const directories = mounts.flatMap(({ keys, target: { kind, path } }) =>
    kind === "directory" && embedStatic ? [{ keys, files: filesBelow(path, dotFiles) }] : [],
  );
  return { modules, directories };
}
