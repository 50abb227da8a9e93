import { SkitaiError } from "../errors.ts";
import type { App, MountTarget } from "../config/mount-types.ts";
import { findEmbedded } from "./embedded.ts";
import type { Mount, MountKind, Site } from "./mount.ts";
import { exportName, readTarget, stemOf, textOf } from "./target.ts";

/** A module or package by path or name, with the export's name after a colon; default `app`, then `default`. Spec E3, E4. */
export const module = {
  async open(target, site): Promise<Mount> {
    const text = textOf(target)!;
    const found = readTarget(text, site.base);
    const exports = await loadModule(text, found.path, site.base);
    const name = found.kind === "module" ? found.name : undefined;
    return openExports(exports, name, { label: `module ${text}`, name: `mount "${text}"` }, site);
  },
} satisfies MountKind;

/** A module that the script has imported, or a module that this one exports: `[unsub, "app_v1:app"]`. Spec E4. */
export const imported = {
  open(target, site): Promise<Mount> {
    const [root, part] = partsOf(target);
    const words = { label: `module ${part}`, name: `mount("${site.point || "/"}") ${part}`.trimEnd() };
    const member = stemOf(part);
    const exports = member === "" ? root : (root as Record<string, unknown>)[member];
    if (typeof exports !== "object" || exports === null)
      throw new SkitaiError("MOUNT_INVALID", {
        name: words.name,
        accepted: `a module that exports ${member}, this one exports ${namesOf(root)}`,
      });
    return openExports(exports, exportName(part), words, site);
  },
} satisfies MountKind;

const partsOf = (target: MountTarget): readonly [root: object, part: string] =>
  Array.isArray(target) ? (target as [object, string]) : [target as object, ""];

interface Words {
  readonly label: string;
  /** Of the mount, in errors. */
  readonly name: string;
}

async function openExports(
  exports: object,
  name: string | undefined,
  words: Words,
  site: Site,
): Promise<Mount> {
  const mount = await site.open(appOf(exports, name, words.name), { ...site, exports });
  return { ...mount, label: words.label };
}

/**
 * What a module exports that is mounted by name.
 * @throws SkitaiError MOUNT_INVALID
 */
export async function loadModule(text: string, path: string, base: string): Promise<object> {
  const embedded = findEmbedded(text, base);
  if (embedded?.kind === "module") return embedded.load();
  try {
    return await import(path);
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new SkitaiError("MOUNT_INVALID", {
      name: `mount "${text}"`,
      accepted: `the module cannot be loaded, ${reason.replace(/\s+/g, " ")}`,
      cause,
    });
  }
}

function appOf(exports: object, exported: string | undefined, name: string): App {
  const names = exported ? [exported] : ["app", "default"];
  const found = names
    .map((each) => (exports as Record<string, unknown>)[each])
    .find((value) => value !== undefined);
  if (typeof found === "function" || (typeof found === "object" && found !== null)) return found as App;
  throw new SkitaiError("MOUNT_INVALID", {
    name,
    accepted: `a module that exports ${names.join(" or ")}, this one exports ${namesOf(exports)}`,
  });
}

const namesOf = (exports: object): string => Object.keys(exports).join(", ") || "nothing";
