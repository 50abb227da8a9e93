import { isAbsolute, join, resolve } from "node:path";
import { findUser } from "../system/user.ts";

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
  if (declared === "") return join("/var/log/skitai", user ?? ownName(), name);
  return isAbsolute(declared) ? declared : resolve(base, declared);
}

/** By number: `os.userInfo()` of Bun believes $USER, and says "unknown" where cron or a container sets none. */
function ownName(): string {
  const uid = String(process.geteuid?.() ?? 0);
  return findUser(uid)?.name ?? uid;
}
