import { userInfo } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * Where log files go. Spec L2.
 * @param declared what `enableFileLogging` got: `undefined` not called, `""` the default place
 * @param base directory that a relative path starts from: the script's
 * @param user whose it is, when not this process's
 */
export function logDirectory(
  declared: string | undefined,
  name: string,
  base: string,
  user?: string,
): string | undefined {
  if (declared === undefined) return undefined;
  if (declared === "") return join("/var/log/skitai", user ?? userInfo().username, name);
  return isAbsolute(declared) ? declared : resolve(base, declared);
}
