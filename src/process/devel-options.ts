import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";

/** Whether a service reloads itself when its files change. Spec O4, E8. */
export const reloadsByItself = ({ mounts }: Declaration, { devel }: Pick<Settings, "devel">): boolean =>
  devel || mounts.some(({ preference }) => preference.useReloader);

/** Hashes, by name, of what a script says and only a restart changes. */
export function optionsOf({ options, tls }: Declaration): Record<string, string> {
  const said = { ...options, ...(tls === undefined ? {} : { enableSsl: tls }) };
  return Object.fromEntries(
    Object.entries(said).map(([name, value]) => [name, Bun.hash(JSON.stringify(value) ?? "").toString(36)]),
  );
}
