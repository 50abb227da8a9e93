import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const prefix = "skitai-temp-";

let directory: string | undefined;

/** A directory of this process alone, removed when it ends; those of processes that were killed are removed now. */
export function tempDirectory(): string {
  if (directory !== undefined) return directory;
  sweep();
  const made = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  directory = made;
  return made;
}

/** A path below it that nobody has. */
export function tempPath(): string {
  const made = tempDirectory();
  // A cleaner of the machine may have taken it.
  mkdirSync(made, { recursive: true, mode: 0o700 });
  return join(made, crypto.randomUUID().slice(0, 8) + Bun.nanoseconds().toString(36));
}

function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(name.startsWith(prefix) ? /^\d+/.exec(name.slice(prefix.length))?.[0] : undefined);
    if (!(pid > 0) || isAlive(pid)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Somebody else's.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
