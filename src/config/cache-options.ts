import { SkitaiError } from "../errors.ts";
import type { Duration, Size } from "./settings.ts";
import { parseDuration, parseSize, wholeBytes } from "./units.ts";

/** What `enableCacheFs` is given. Spec C1. */
export interface CacheOptions {
  /** Memory of each worker. Default 64 MB. */
  memMax?: Size;
  /** All files together; 0 for none. Default 1 GB where there is a path, else 0. */
  diskMax?: Size;
  /** A directory of its own, shared by the workers; it stays over restarts. Default: no disk. */
  path?: string;
  /** Largest body that is kept. Default 8 MB. */
  maxEntry?: Size;
  /** How long a request waits for an equal one that is being fetched. Default 5 seconds. */
  collapseTimeout?: Duration;
}

/** The same with its defaults. Sizes in bytes, times in seconds. */
export interface CacheSettings {
  readonly memMax: number;
  readonly diskMax: number;
  readonly path: string | undefined;
  readonly maxEntry: number;
  readonly patience: number;
}

interface Row {
  readonly accepts: (value: unknown) => boolean;
  readonly accepted: string;
}

const MB = 1024 * 1024;
const sizeFrom = (least: number, accepted: string): Row => ({
  accepts: (value) => Number.isSafeInteger(wholeBytes(value)) && parseSize(value)! >= least,
  accepted,
});

const rows: Readonly<Record<keyof CacheOptions, Row>> = {
  memMax: sizeFrom(MB, 'bytes from 1 MB, or text like "64mb"'),
  diskMax: {
    accepts: (value) => parseSize(value) === 0 || sizeFrom(MB, "").accepts(value),
    accepted: '0, bytes from 1 MB, or text like "2gb"',
  },
  path: {
    accepts: (value) => typeof value === "string" && value !== "" && !value.includes("\0"),
    accepted: "the path of a directory",
  },
  maxEntry: sizeFrom(1024, 'bytes from 1 KB, or text like "8mb"'),
  collapseTimeout: {
    accepts: (value) => {
      const seconds = parseDuration(value) ?? -1;
      return seconds >= 0 && seconds <= 3600;
    },
    accepted: 'seconds from 0 to an hour, or text like "5s"',
  },
};

/** @returns what is wrong with an `enableCacheFs` call */
export function cacheErrors(options: unknown): SkitaiError[] {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    return [
      invalid("enableCacheFs", options, 'options like { memMax: "64mb", diskMax: "2gb", path: "cache" }'),
    ];
  const given = options as Readonly<Record<string, unknown>>;
  const errors = Object.entries(given).flatMap(([key, value]) => {
    const row = Object.hasOwn(rows, key) ? rows[key as keyof CacheOptions] : undefined;
    if (row !== undefined && (value === undefined || row.accepts(value))) return [];
    return row === undefined
      ? new SkitaiError("OPTION_UNKNOWN", {
          name: `enableCacheFs ${key}`,
          accepted: `unknown option, known are ${Object.keys(rows).join(", ")}`,
        })
      : invalid(`enableCacheFs ${key}`, value, row.accepted);
  });
  if (given["path"] === undefined && (parseSize(given["diskMax"]) ?? 0) > 0)
    errors.push(invalid("enableCacheFs diskMax", given["diskMax"], "a path beside it, or 0"));
  return errors;
}

/** Options that `cacheErrors` found nothing wrong with. */
export function cacheSettings(options: CacheOptions): CacheSettings {
  const { path } = options;
  return {
    memMax: wholeBytes(options.memMax) ?? 64 * MB,
    diskMax: wholeBytes(options.diskMax) ?? (path === undefined ? 0 : 1024 * MB),
    path,
    maxEntry: wholeBytes(options.maxEntry) ?? 8 * MB,
    patience: parseDuration(options.collapseTimeout) ?? 5,
  };
}

const invalid = (name: string, value: unknown, accepted: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", { name, value, accepted });
