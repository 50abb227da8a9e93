import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import { closeAtEnd } from "../corequest/connections.ts";
import type { Logs } from "../log/logs.ts";
import { installLocks, type LockService } from "../state/lock.ts";
import { bus } from "../state/process-events.ts";
import { installLimiter, processLimiter, processMirror, processWords } from "../state/process.ts";

/** Puts what the workers of a service share on Redis, if the script says so; nothing of it is loaded otherwise. Spec H5. */
export async function openCluster(
  { cluster, aliases }: Declaration,
  { name }: Settings,
  { locks, logs }: { locks: LockService; logs: Logs },
): Promise<void> {
  if (cluster === undefined) return;
  const { ClusterMember } = await import("../cluster/cluster.ts");
  const parts = {
    alias: aliases.find((alias) => alias.name === cluster.alias)!,
    prefix: cluster.prefix ?? `skitai:${name}`,
    ttl: cluster.ttl,
    words: processWords(),
    mirror: processMirror(),
    bus,
    locks,
    limiter: processLimiter(),
    warn: (text: string) => logs.server.log(text, "warn"),
  };
  const member = new ClusterMember(parts);
  installLocks(member.locks);
  installLimiter(member.limiter);
  closeAtEnd(() => member.close());
  await member.open(parts);
}
