import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { copyFile, chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Launch } from "./server.ts";
import { Services } from "./services.ts";

/** The temporary directories of a run. */
export interface Workspace extends Pick<Launch, "site" | "sqlite" | "certificate"> {
  /** Configuration, pid files, output of servers, on the ordinary temporary directory. */
  readonly files: string;
  /** Access logs, on a tmpfs where there is one: the log is measured, not the disk. */
  readonly logs: string;
  readonly services: Services;
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

function makeDatabase(file: string): void {
  const database = new Database(file);
  database.run("pragma journal_mode = wal");
  database.run("create table pets (id integer primary key, name text not null, age integer not null)");
  const insert = database.query("insert into pets values (?1, 'pet ' || ?1, ?1 % 10)");
  database.transaction(() => {
    for (let id = 1000; id < 2000; id++) insert.run(id);
  })();
  database.close();
}

/** The kind that most sites have now: ECDSA on P-256. */
async function makeCertificate({ cert, key }: Launch["certificate"]): Promise<void> {
  if (!Bun.which("openssl")) return;
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const openssl = Bun.spawn(
    ["openssl", "req", ...kind, "-subj", "/CN=localhost", "-keyout", key, "-out", cert],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  await openssl.exited;
}

export async function makeWorkspace(): Promise<Workspace> {
  const files = await mkdtemp(join(tmpdir(), "bench-"));
  const logs = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bench-logs-"));
  const workspace: Workspace = {
    files,
    logs,
    site: join(files, "site"),
    sqlite: join(files, "pets.sqlite"),
    certificate: { cert: join(files, "server.crt"), key: join(files, "server.key") },
    services: new Services(),
    bun: join(files, "bun"),
    remove: async () => {
      await workspace.services.stop();
      await Promise.all([files, logs].map((path) => rm(path, { recursive: true, force: true })));
    },
  };
  await mkdir(workspace.site);
  await makeSite(workspace.site);
  makeDatabase(workspace.sqlite);
  await makeCertificate(workspace.certificate);
  await copyFile(process.execPath, workspace.bun);
  await chmod(workspace.bun, 0o755);
  return workspace;
}
