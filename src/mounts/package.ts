import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { moduleFile } from "./module-file.ts";

/** `"unsub"`, `"@scope/unsub"`, and after `/skitai/` another export module of it: `"unsub/skitai/app_v1"`. */
const pattern = /^((?:@[\w.~-]+\/)?[\w~-][\w.~-]*)(?:\/skitai\/([\w./-]+))?$/;

export const isPackageName = (text: string): boolean => pattern.test(text);

/**
 * The file of a package's app for the engine: `exports["./skitai"]` of its `package.json`, else
 * `export/skitai/__export__.ts` (or `.js` …); of another export module, `./skitai/app_v1` or `export/skitai/app_v1.ts`. Spec E4.
 * @param base directory that packages are looked for from
 * @returns undefined when there is no such package, or no such export in it
 */
export function packageFile(text: string, base: string): string | undefined {
  const [, name, part] = pattern.exec(text) ?? [];
  if (name === undefined) return undefined;
  const directory = packageDirectory(name, base);
  if (directory === undefined) return undefined;
  try {
    return Bun.resolveSync(part === undefined ? `${name}/skitai` : `${name}/skitai/${part}`, base);
  } catch {
    return moduleFile(join(directory, "export/skitai", part ?? "__export__"));
  }
}

/** Its `package.json` may be hidden by its `exports`, so that resolving cannot tell. */
function packageDirectory(name: string, base: string): string | undefined {
  const directory = join(base, "node_modules", name);
  if (existsSync(directory)) return directory;
  const above = dirname(base);
  return above === base ? undefined : packageDirectory(name, above);
}
