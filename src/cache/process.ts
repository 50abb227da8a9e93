import { SkitaiError } from "../errors.ts";
import type { Bus } from "../state/bus.ts";
import type { HttpCache, PurgeTarget } from "./cache.ts";

/** What a purge on one worker is told on the others as, where they share no directory. */
const topic = "cache:purge";

let installed: HttpCache | undefined;
let shared: Bus | undefined;

/** @param bus carries purges to other workers, where no directory does */
export function installCache(cache: HttpCache, bus: Bus | undefined): void {
  installed = cache;
  shared = bus;
  bus?.subscribe(topic, (_from, target) => cache.purge(target as PurgeTarget));
}

/** The cache of this process, with `enableCacheFs`. */
export const processCache = (): HttpCache | undefined => installed;

/**
 * Takes answers away, on all workers.
 * @throws SkitaiError OPTION_INVALID unless it is exactly one target, or without a cache
 */
export function purge(target: PurgeTarget): void {
  if (installed === undefined)
    throw new SkitaiError("OPTION_INVALID", { name: "purge", accepted: "only with enableCacheFs" });
  installed.purge(target);
  shared?.send(topic, target);
}
