import type { Declaration, MountDeclaration } from "../config/declaration.ts";
import { hostNames } from "../config/mount-options.ts";
import { wholeBytes } from "../config/units.ts";
import type { Settings } from "../config/options.ts";
import { getswd } from "../config/paths.ts";
import type { Scope } from "../context.ts";
import type { DirectorySettings } from "../mounts/mount.ts";
import { openMount } from "../mounts/registry.ts";
import type { BodyLimits } from "../server/body-guard.ts";
import type { Placed } from "../server/table.ts";

/** The part of a scope that is the same for all mounts. */
export type SharedScope = Pick<Scope, "trusted" | "idPrefix">;

/**
 * Opens all mounts of a declaration, in its order.
 * @throws AggregateError of everything that cannot be opened
 */
export async function placeMounts(
  declaration: Declaration,
  settings: Settings,
  shared: SharedScope,
  directories: DirectorySettings,
): Promise<Placed[]> {
  const place = async ({ point, target, options }: MountDeclaration): Promise<Placed> => {
    const site = { point, base: getswd(), directories, open: openMount };
    const mount = await openMount(target, site);
    const debug = (settings.devel || options.debug === true) && !settings.silent;
    return {
      point,
      mount,
      scope: { ...shared, mountPoint: point, debug },
      limits: limitsOf(options, settings.maxUploadSize),
      onError: options.onError,
      hosts: hostNames(options.host) ?? [],
    };
  };
  const opened = await Promise.allSettled(declaration.mounts.map(place));
  const failed = opened.filter((each) => each.status === "rejected");
  if (failed.length > 0) throw new AggregateError(failed.map(({ reason }) => reason));
  return opened.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
}

function limitsOf(
  { maxClientBodySize, maxMultipartBodySize, maxUploadFileSize }: MountDeclaration["options"],
  most: number,
): BodyLimits {
  const body = Math.min(wholeBytes(maxClientBodySize) ?? most, most);
  const multipart = Math.min(wholeBytes(maxMultipartBodySize) ?? body, most);
  return { body, multipart, file: Math.min(wholeBytes(maxUploadFileSize) ?? multipart, most) };
}
