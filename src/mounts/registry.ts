import { type AliasType, DB_PGSQL, DB_SQLITE3 } from "../config/alias-options.ts";
import type { App, MountTarget } from "../config/mount-types.ts";
import { SkitaiError } from "../errors.ts";
import type { Mount, MountKind, Site } from "./mount.ts";
import { aliasOf, isImported, isNodeStyle, readTarget, textOf } from "./target.ts";

interface Row {
  readonly accepts: (target: MountTarget, base: string) => boolean;
  readonly load: () => Promise<MountKind>;
  /** The target is the app itself, and begins its life here. */
  readonly isApp?: true;
}

/** The kinds of things that can be mounted; the first that accepts a target opens it. Loaded when first used. */
const kinds: readonly Row[] = [
  {
    accepts: (target) => databases.includes(aliasOf(target)?.alias.type),
    load: async () => (await import("./table.ts")).table,
  },
  {
    accepts: (target) => aliasOf(target) !== undefined,
    load: async () => (await import("./upstream.ts")).upstream,
  },
  { accepts: isText("directory"), load: async () => (await import("./directory.ts")).directory },
  { accepts: isText("module"), load: async () => (await import("./module.ts")).module },
  { accepts: isImported, load: async () => (await import("./module.ts")).imported },
  {
    accepts: (target) => isNodeStyle(target as App),
    load: async () => (await import("./node.ts")).node,
    isApp: true,
  },
  { accepts: () => true, load: async () => (await import("./handler.ts")).handler, isApp: true },
];

/** What rows are read from. */
const databases: readonly (AliasType | undefined)[] = [DB_PGSQL, DB_SQLITE3];

function isText(kind: "directory" | "module"): (target: MountTarget, base: string) => boolean {
  return (target, base) => {
    const text = textOf(target);
    return text !== undefined && readTarget(text, base).kind === kind;
  };
}

/** @throws SkitaiError MOUNT_INVALID when nothing accepts the target or its module has no app. */
export async function openMount(target: MountTarget, site: Site): Promise<Mount> {
  const kind = kinds.find(({ accepts }) => accepts(target, site.base));
  if (!kind)
    throw new SkitaiError("MOUNT_INVALID", {
      name: `mount("${site.point || "/"}")`,
      value: target,
      accepted: "an app, a directory or a module",
    });
  const { open } = await kind.load();
  if (!kind.isApp) return open(target, site);
  const life = new (await import("./life.ts")).AppLife(target as App, site);
  await life.begin();
  return { ...(await open(target, site)), life };
}
