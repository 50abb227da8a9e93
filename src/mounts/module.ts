import { SkitaiError } from "../errors.ts";
import type { MountTarget } from "../config/mount-types.ts";
import { findEmbedded } from "./embedded.ts";
import type { Mount, MountKind } from "./mount.ts";
import { readTarget } from "./target.ts";

/** A module by path, with the export's name after a colon; default `app`, then `default`. Spec E3. */
export const module = {
  async open(target, site): Promise<Mount> {
    const text = target as string;
    const exported = await load(text, site.base);
    const mount = await site.open(appOf(exported, text, site.base), site);
    return { ...mount, label: `module ${text}` };
  },
} satisfies MountKind;

async function load(text: string, base: string): Promise<object> {
  const embedded = findEmbedded(text);
  if (embedded?.kind === "module") return embedded.load();
  const { path } = readTarget(text, base);
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

function appOf(exported: object, text: string, base: string): Exclude<MountTarget, string> {
  const target = readTarget(text, base);
  const names = target.kind === "module" && target.name ? [target.name] : ["app", "default"];
  const found = names
    .map((name) => (exported as Record<string, unknown>)[name])
    .find((value) => value !== undefined);
  if (typeof found === "function" || (typeof found === "object" && found !== null))
    return found as Exclude<MountTarget, string>;
  throw new SkitaiError("MOUNT_INVALID", {
    name: `mount "${text}"`,
    accepted: `a module that exports ${names.join(" or ")}, this one exports ${Object.keys(exported).join(", ") || "nothing"}`,
  });
}
