import { relative } from "node:path";
import { defineCommand } from "citty";
import { buildExecutable } from "../build/build.ts";
import { type Target, targetNames } from "../build/targets.ts";
import { fail, terminal } from "../terminal.ts";

/** `skitai build serve.ts`. Spec Y2. */
export const build = defineCommand({
  meta: { name: "build", description: "Make one executable of a script and all that it mounts" },
  args: {
    script: {
      type: "positional",
      required: true,
      description: "The script that calls run()",
      valueHint: "serve.ts",
    },
    outfile: {
      type: "string",
      valueHint: "file",
      description: "Where to put it (default: ./ and the service name, else the script's directory name)",
    },
    static: {
      type: "enum",
      options: ["embed", "disk"],
      default: "embed",
      description: "Put static directories inside, or read them from beside the executable",
    },
    target: {
      type: "enum",
      options: targetNames,
      description:
        "The system it is for (default: this one); Bun for another one is fetched from the npm registry",
    },
    json: { type: "boolean", default: false, description: "Say what was made as JSON" },
    minify: { type: "boolean", default: false, description: "Shorten the code; names stay as they are" },
  },
  async run({ args }) {
    try {
      const built = await buildExecutable({
        script: args.script,
        outfile: args.outfile,
        embedStatic: args.static === "embed",
        minify: args.minify,
        target: args.target as Target | undefined,
      });
      if (args.json) return void process.stdout.write(`${JSON.stringify(built)}\n`);
      const { outfile, bytes, seconds, files, directories, modules } = built;
      terminal.success(
        `${relative("", outfile)}: ${megabytes(bytes)} in ${seconds.toFixed(1)} s, with ` +
          `${count(modules, "module")} and ${count(files, "file")} of ${count(directories, "directory", "directories")}`,
      );
    } catch (error) {
      fail(error);
    }
  },
});

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
