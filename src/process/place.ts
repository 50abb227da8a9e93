import type { Declaration, MountDeclaration } from "../config/declaration.ts";
import { hostNames } from "../config/mount-options.ts";
import { wholeBytes } from "../config/units.ts";
import type { Settings } from "../config/settings.ts";
import type { Scope } from "../context.ts";
import type { DirectorySettings, RelaySettings } from "../mounts/mount.ts";
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
  relay: RelaySettings,
): Promise<Placed[]> {
  const place = async ({ point, target, options, ...declared }: MountDeclaration): Promise<Placed> => {
    const preference = declared.preference.copy();
    const site = { point, base: preference.base, preference, directories, relay, open: openMount };
    const mount = await openMount(target, site);
    const debug = (settings.devel || options.debug === true) && !settings.silent;
    return {
      point,
      mount,
      scope: { ...shared, mountPoint: point, debug, config: preference.config },
      limits: limitsOf(options, settings.maxUploadSize),
      onError: options.onError,
      hosts: hostNames(options.host) ?? [],
    };
  };
  const placed: Placed[] = [];
  // A master has looked at them before it started; at a reload nobody has.
  const errors: unknown[] = [...declaration.errors];
  // One after the other: the order of hooks is that of the mounts.
  for (const each of declaration.mounts) {
    try {
      placed.push(await place(each));
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors);
  return placed;
}

function limitsOf(
  { maxClientBodySize, maxMultipartBodySize, maxUploadFileSize }: MountDeclaration["options"],
  most: number,
): BodyLimits {
  const body = Math.min(wholeBytes(maxClientBodySize) ?? most, most);
  const multipart = Math.min(wholeBytes(maxMultipartBodySize) ?? body, most);
  return { body, multipart, file: Math.min(wholeBytes(maxUploadFileSize) ?? multipart, most) };
}
