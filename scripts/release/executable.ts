import { join, resolve } from "node:path";
import { otherTarget, type Target } from "../../cli/build/targets.ts";
import manifest from "skitai/package.json" with { type: "json" };
import { packagesOf } from "./packages.ts";

const root = resolve(import.meta.dir, "../..");
/** Exist for the bundler only. */
const archivePath = "/$skitai/packages.tar.gz";
const entryPath = join(root, "cli/executable/skitai.ts");

/** Makes `skitai` as one file, with Bun and all packages inside. Spec Y3, Y4. */
export async function makeExecutable(outfile: string, target?: Target): Promise<void> {
  const archive = await new Bun.Archive(packagesOf(root), { compress: "gzip", level: 9 }).bytes();
  const hash = new Bun.CryptoHasher("sha256").update(archive).digest("hex").slice(0, 16);
  const other = otherTarget(target);
  const name = `${manifest.version}-${hash}`;
  const { success, logs } = await Bun.build({
    entrypoints: [entryPath],
    files: {
      [archivePath]: archive,
      [entryPath]: `import archive from "${archivePath}" with { type: "file" };
        import { launch } from "./launch.ts";
        await launch({ archive, name: "${name}" });`,
    },
    target: "bun",
    format: "esm",
    bytecode: true,
    minify: true,
    compile: {
      outfile,
      ...(other === undefined ? {} : { target: other }),
      autoloadBunfig: false,
      autoloadDotenv: false,
    },
    throw: false,
  });
  if (!success) throw new AggregateError(logs, logs.map(({ message }) => message).join("\n"));
}
