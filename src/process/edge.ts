import type { HttpCache } from "../cache/cache.ts";
import { installCache } from "../cache/process.ts";
import type { CacheSettings } from "../config/cache-options.ts";
import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import type { Logs } from "../log/logs.ts";
import type { RelaySettings } from "../mounts/mount.ts";
import { processLimiter } from "../state/process.ts";
import { bus } from "../state/process-events.ts";

async function openCache(settings: CacheSettings): Promise<HttpCache> {
  const { openCache: open } = await import("../cache/open.ts");
  const cache = open(settings);
  installCache(cache, settings.path === undefined ? bus : undefined);
  return cache;
}

/** What stands before upstreams; loaded when it was asked for. */
export async function openEdge(
  { cache, gateway, backendKeepAlive }: Declaration,
  { secure, requestTimeout }: Settings,
  logs: Logs,
): Promise<RelaySettings> {
  return {
    secure,
    // A little before a handler is late: an upstream that is late has an answer of its own.
    timeout: requestTimeout * 1000 * 0.98,
    keepAlive: backendKeepAlive,
    log: (text) => logs.server.log(text, "warn"),
    cache: cache && (await openCache(cache)),
    gateway:
      gateway &&
      new (await import("../gateway/gateway.ts")).Gateway(gateway, {
        limiter: processLimiter(),
        warn: (text) => logs.server.log(text, "warn"),
      }),
  };
}
