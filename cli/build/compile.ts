import { readFileSync } from "node:fs";
import { extname } from "node:path";
import type { BunPlugin } from "bun";
import { SkitaiError } from "../../src/errors.ts";
import { embeddingPath } from "./embedding.ts";

export interface CompileOptions {
  /** Absolute. */
  readonly script: string;
  readonly outfile: string;
  /** The module that fills the engine. */
  readonly code: string;
  /** Files that exist for the bundler only, by absolute path. */
  readonly virtual: ReadonlyMap<string, string | Uint8Array>;
  readonly minify: boolean;
  /** Another system than the Bun that runs is made for. */
  readonly target?: Bun.Build.CompileTarget | undefined;
}

/**
 * Runs the bundler. The script itself is the entry, so that `import.meta.main` is true in it as under `bun serve.ts`.
 * @throws SkitaiError BUILD_FAILED with a line for each error
 */
export async function compile(options: CompileOptions): Promise<void> {
  const { script, outfile, code, virtual, minify, target } = options;
  const { success, logs } = await Bun.build({
    entrypoints: [script],
    files: { ...Object.fromEntries(virtual), [embeddingPath]: code },
    plugins: [filledFirst(script)],
    target: "bun",
    format: "esm",
    splitting: true,
    bytecode: true,
    // Stack traces then name the sources.
    sourcemap: "inline",
    // Identifiers stay: parameter names tell a Node-style app from a fetch handler (mounts/target.ts).
    minify: { whitespace: minify, syntax: minify, identifiers: false },
    // The bundler would freeze the NODE_ENV of the build; under `bun serve.ts` the one of the run counts.
    define: { "process.env.NODE_ENV": "process.env.NODE_ENV" },
    // The development runtime of React has no functions where NODE_ENV is production; the other one always has.
    jsx: { development: false },
    compile: {
      outfile,
      // Bun fetches its executable for another system from the npm registry.
      ...(target === undefined ? {} : { target }),
      // By default an executable runs the `preload` of a bunfig.toml and reads the .env of wherever it is started.
      autoloadBunfig: false,
      autoloadDotenv: false,
      // Modules that are mounted from disk find their packages.
      autoloadPackageJson: true,
    },
    throw: false,
  });
  if (!success)
    throw new SkitaiError("BUILD_FAILED", {
      name: logs
        .filter(({ level }) => level === "error")
        .map(describe)
        .join("\n"),
    });
}

/**
 * Gives the script the filling as its first import, on its first line: line numbers stay. (A script in `files` would lose
 * its tsconfig.json.)
 */
const filledFirst = (script: string): BunPlugin => ({
  name: "skitai",
  setup: (build) =>
    void build.onLoad({ filter: new RegExp(`^${RegExp.escape(script)}$`) }, () => ({
      contents: `import "${embeddingPath}";${readFileSync(script, "utf8").replace(/^#!.*/, "")}`,
      loader: loaders[extname(script)] ?? "jsx",
    })),
});

/** As Bun itself takes them. */
const loaders: Readonly<Record<string, "js" | "ts" | "tsx">> = {
  ".ts": "ts",
  ".mts": "ts",
  ".tsx": "tsx",
  ".mjs": "js",
};

const describe = ({ message, position }: BuildMessage | ResolveMessage): string =>
  position && position.line > 0
    ? `${position.file}:${position.line}:${position.column}: ${message}`
    : message;
