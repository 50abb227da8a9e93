import { Redis } from "ioredis";
import type { AliasDeclaration } from "../config/alias-options.ts";
import { redisSettings } from "../corequest/backends/redis-settings.ts";

/** ms that Redis has for one command. */
const patience = 1000;

/** A connection that fails fast while it is down, and comes back by itself. It connects when it is told to. */
export function linkClient({ members: [member], options }: AliasDeclaration): Redis {
  const client = new Redis({
    ...redisSettings(member!, options).server,
    lazyConnect: true,
    // Names of keys and of channels are made by the link.
    keyPrefix: "",
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: patience,
    connectTimeout: 2 * patience,
    retryStrategy: (times) => Math.min(times * 50, 1000) * (0.5 + Math.random() / 2),
  });
  // Without a listener ioredis writes every failed attempt to the console.
  client.on("error", () => {});
  return client;
}
