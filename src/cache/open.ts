import type { CacheSettings } from "../config/cache-options.ts";
import { HttpCache } from "./cache.ts";
import { Control } from "./control.ts";
import { Disk, openControl } from "./disk.ts";
import { Memory } from "./memory.ts";
import { Store } from "./store.ts";

/**
 * Opens the cache of one worker. Workers that name the same `path` share disk and purges; without one it is this
 * process's alone.
 * @param settings of `cacheSettings`
 * @throws SkitaiError OPTION_INVALID where the directory cannot be written
 */
export function openCache({ memMax, diskMax, path, maxEntry, patience }: CacheSettings): HttpCache {
  const control = path === undefined ? new Control() : openControl(path);
  const disk = path === undefined || diskMax === 0 ? undefined : new Disk(path, control, diskMax);
  return new HttpCache(new Store(control, new Memory(memMax), disk, maxEntry), patience * 1000);
}
