import type { Events } from "../state/events.ts";
import { registerNames } from "../state/process.ts";
import { hub } from "../state/process-events.ts";
import { declaration } from "./declaration.ts";

/**
 * Names of integers and time stamps that all workers share: `was.setgs`, `getgs`, `incgs`, `setlu`, `getlu`. At most 256 in
 * all. Their values outlive workers and reloads, not the service. Spec H1.
 */
export const registerStates = (...names: string[]): void =>
  registerNames(declaration.registerNames("registerStates", names));

/** Events of one app, and what all apps and workers are told. Spec H3. */
export const events = (): Events => hub.events();

/** The same for names of what results are cached from, like tables: `registerCacheKeys("tables.users")`. Spec H2. */
export const registerCacheKeys = (...names: string[]): void =>
  registerNames(declaration.registerNames("registerCacheKeys", names));
