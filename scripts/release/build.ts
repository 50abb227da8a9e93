import { mkdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type Target, targets } from "../../cli/build/targets.ts";
import { makeExecutable } from "./executable.ts";

// bun scripts/release/build.ts [outdir] [target...]: the command itself as one file for each target.
const [directory = "dist", ...words] = process.argv.slice(2);
const wanted = words.length > 0 ? words : Object.keys(targets);
const unknown = wanted.find((word) => !(word in targets));
if (unknown !== undefined) {
  console.error(`${unknown}: unknown target, known are ${Object.keys(targets).join(", ")}`);
  process.exit(1);
}
mkdirSync(resolve(directory), { recursive: true });
for (const target of wanted as Target[]) {
  const outfile = join(resolve(directory), target === "linux-x64" ? "skitai" : `skitai-${target}`);
  await makeExecutable(outfile, target);
  console.log(`${relative("", outfile)}: ${(statSync(outfile).size / 1e6).toFixed(1)} MB`);
}
