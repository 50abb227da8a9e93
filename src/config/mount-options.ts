import { SkitaiError } from "../errors.ts";
import { acceptedHooks, isHooks } from "./hooks.ts";
import type { MountOptions } from "./mount-types.ts";
import { parseSize } from "./units.ts";

/** What one option of a mount accepts. */
export interface MountOptionRow {
  readonly accepts: (value: unknown) => boolean;
  readonly accepted: string;
}

/** Names, `*.` or `.` in front for all below one, and addresses; never a port, which is the listener's. */
const hostPattern = /^(?:(?:\*?\.)?[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])$/i;

const size: MountOptionRow = {
  accepts: (value) => (parseSize(value) ?? -1) >= 0,
  accepted: 'bytes, or text like "64kb", "2gb"',
};

const rows: Readonly<Record<keyof MountOptions, MountOptionRow>> = {
  host: {
    accepts: (value) => hostNames(value)?.every((name) => hostPattern.test(name)) ?? false,
    accepted: 'host names without port, like "www.site1.com", "*.site1.com"',
  },
  maxClientBodySize: size,
  maxMultipartBodySize: size,
  maxUploadFileSize: size,
  debug: { accepts: (value) => typeof value === "boolean", accepted: "true or false" },
  onError: {
    accepts: (value) => typeof value === "function",
    accepted: "a function (error, request, context)",
  },
  tables: {
    accepts: (value) => typeof value === "object" && value !== null,
    accepted: 'tables with their columns, like { photos: ["id", "title"] }',
  },
  hooks: { accepts: isHooks, accepted: acceptedHooks },
};

/** `"www.a.com .b.com"` or a list, in lower case; `undefined` when it is neither, or empty. */
export function hostNames(host: unknown): string[] | undefined {
  const names = typeof host === "string" ? host.split(/\s+/).filter(Boolean) : host;
  if (!Array.isArray(names) || names.length === 0) return undefined;
  return names.every((name) => typeof name === "string")
    ? names.map((name) => name.toLowerCase())
    : undefined;
}

/**
 * All that is wrong with the options of one mount.
 * @param more options that are known here besides those of every mount
 */
export function mountOptionErrors(
  point: string,
  options: object,
  more: Readonly<Record<string, MountOptionRow>> = {},
): SkitaiError[] {
  const known: Readonly<Record<string, MountOptionRow>> = { ...rows, ...more };
  return Object.entries(options).flatMap(([key, value]) => {
    const row = Object.hasOwn(known, key) ? known[key] : undefined;
    if (row !== undefined && (value === undefined || row.accepts(value))) return [];
    const name = `mount("${point}") ${key}`;
    return row === undefined
      ? new SkitaiError("OPTION_UNKNOWN", {
          name,
          accepted: `unknown option, known are ${Object.keys(known).join(", ")}`,
        })
      : new SkitaiError("OPTION_INVALID", { name, value, accepted: row.accepted });
  });
}
