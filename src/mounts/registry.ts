import type { MountTarget } from "../config/mount-types.ts";
import { SkitaiError } from "../errors.ts";
import type { Mount, MountKind, Site } from "./mount.ts";
import { isNodeStyle, readTarget } from "./target.ts";

/** The kinds of things that can be mounted; the first that accepts a target opens it. Loaded when first used. */
const kinds: readonly {
  accepts: (target: MountTarget, base: string) => boolean;
  load: () => Promise<MountKind>;
}[] = [
  { accepts: isText("directory"), load: async () => (await import("./directory.ts")).directory },
  { accepts: isText("module"), load: async () => (await import("./module.ts")).module },
  {
    accepts: (target) => typeof target !== "string" && isNodeStyle(target),
    load: async () => (await import("./node.ts")).node,
  },
  {
    accepts: (target) => typeof target !== "string",
    load: async () => (await import("./handler.ts")).handler,
  },
];

function isText(kind: "directory" | "module"): (target: MountTarget, base: string) => boolean {
  return (target, base) => typeof target === "string" && readTarget(target, base).kind === kind;
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
  return (await kind.load()).open(target, site);
}
