import type { ClusterOptions } from "../config/cluster-options.ts";
import { declaration } from "./declaration.ts";

/**
 * Makes one cluster of all services, on any machines, that say it with the same `prefix`: states and time stamps, events, locks,
 * rooms, rate limits and what caches are told are shared by way of a Redis server, with the same calls. Spec H5.
 * ```ts
 * skitai.alias("@redis", skitai.DB_REDIS, "10.0.0.5:6379");
 * skitai.enableCluster("@redis");
 * ```
 * Who may write to that server is trusted. While it is away each machine goes on by itself:
 * - states and time stamps are read and written here, and what was added meanwhile is added for all when it is back; of two
 *   that set a name the last one wins. They stay in Redis when services end, and come back from the services when Redis lost them;
 * - events and messages to rooms reach this machine only, and are not sent later; after `ttl` (default 10 seconds) the clients of
 *   other machines leave the lists of rooms, and are there again when it is back;
 * - who waits for a lock goes on to wait, until its `timeout`; who has one loses it after `ttl`, and `hold.signal` says so;
 * - rate limits are counted here.
 *
 * A Redis that is silent is taken for away after a second; calls that it was asked for wait so long.
 * A service that starts meanwhile waits 3 seconds, then begins with what it has, and logs that.
 * The clocks of the machines should agree within a second, as with NTP.
 * @param alias of DB_REDIS with one member
 */
export const enableCluster = (alias: string, options: ClusterOptions = {}): void =>
  declaration.enableCluster(alias, options);
