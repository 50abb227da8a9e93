import { declaration } from "./declaration.ts";

/**
 * Writes `request.log`, `server.log`, `app.log` into a directory, default `/var/log/skitai/<user>/<name>`. Every day (server.log:
 * every month), and at `logMaxSize`, they are renamed to `request-20260131.log`; `logKeep` of each are kept. Spec L2.
 */
export const enableFileLogging = (directory?: string): void => declaration.enableFileLogging(directory);

/** Keeps requests out of the request log: `"/static/"` by prefix, `"*.css"` by suffix. Spec L3. */
export const logOff = (...patterns: string[]): void => declaration.setLogOff(patterns);
