import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where a server listens that only this process is to reach. */
export interface PrivateAddress {
  readonly path: string;
  release(): void;
}

/**
 * On Linux a name in the abstract namespace (unix(7)): no file, so nothing is left behind, not even after kill -9; but
 * anybody on the machine may connect, so requests need a secret. Elsewhere a socket in a directory of mode 0700, removed
 * at the end of the process; kill -9 leaves it there.
 */
export function privateAddress(): PrivateAddress {
  if (process.platform === "linux") return { path: `\0skitai-${crypto.randomUUID()}`, release() {} };
  const directory = mkdtempSync(join(tmpdir(), "skitai-"));
  const release = (): void => rmSync(directory, { recursive: true, force: true });
  process.once("exit", release);
  return { path: join(directory, "app.sock"), release };
}
