import { existsSync } from "node:fs";
import { copyFile, chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The temporary directories of a run. */
export interface Workspace {
  /** Configuration, pid files, output of servers, on the ordinary temporary directory. */
  readonly files: string;
  /** Access logs, on a tmpfs where there is one: the log is measured, not the disk. */
  readonly logs: string;
  /** Static files. */
  readonly site: string;
  /**
   * A copy of the Bun executable. The harness runs on Bun too, and pages it shares with a server would be taken off the
   * server's proportional set size.
   */
  readonly bun: string;
  remove(): Promise<void>;
}

async function makeSite(directory: string): Promise<void> {
  const files = { "1k.css": 1, "100k.js": 100, "10m.bin": 10 * 1024 };
  for (const [name, kilobytes] of Object.entries(files)) {
    const line = "/* a line of text, 64 bytes long with its end, to fill files. */\n".slice(-64);
    await Bun.write(join(directory, name), line.repeat(kilobytes * 16));
  }
}

export async function makeWorkspace(): Promise<Workspace> {
  const files = await mkdtemp(join(tmpdir(), "bench-"));
  const logs = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bench-logs-"));
  const workspace: Workspace = {
    files,
    logs,
    site: join(files, "site"),
    bun: join(files, "bun"),
    remove: async () => {
      await Promise.all([files, logs].map((path) => rm(path, { recursive: true, force: true })));
    },
  };
  await mkdir(workspace.site);
  await makeSite(workspace.site);
  await copyFile(process.execPath, workspace.bun);
  await chmod(workspace.bun, 0o755);
  return workspace;
}
