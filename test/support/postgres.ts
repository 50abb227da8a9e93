import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findUser } from "../../src/system/user.ts";
import { Output } from "../../src/testing/output.ts";
import { Watchdog } from "../../src/testing/watchdog.ts";

/** How a server stops: `fast` ends its connections in order, `immediate` is a crash (recovery at the next start). */
export type StopMode = "fast" | "immediate";

/** A PostgreSQL server of a test file's own; `await using` stops it, too. */
export interface PostgresServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** `postgres://user@host:port/database`; no password. */
  readonly url: string;
  /** The postmaster's, as long as it runs. */
  readonly pid: number;
  /** What the server wrote so far. */
  readonly log: string;
  /** Down, with its data kept: nothing listens until `start`. */
  halt(mode?: StopMode): Promise<void>;
  /** Up again, on the same port with the same data; resolves when it accepts connections. */
  start(): Promise<void>;
  restart(mode?: StopMode): Promise<void>;
  /** Down for good: its data is removed. Twice does nothing. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
const USER = "skitai";
const DATABASE = "postgres";
const READY = "database system is ready to accept connections";
const SETTINGS = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  shared_buffers: "16MB",
  max_wal_size: "256MB",
  listen_addresses: HOST,
  autovacuum: "off",
};

const binaries = findBinaries();

/** False where the machine has no PostgreSQL server: `describe.skipIf(!postgresInstalled)("PostgreSQL …")`. */
export const postgresInstalled = binaries !== undefined;

/**
 * Starts a new, empty server on a free port, as an unprivileged user.
 * @param settings more of postgresql.conf: `{ max_connections: 5 }`
 * @throws when the machine has no server (see `postgresInstalled`) or it does not start; the text is the server's
 */
export async function startPostgres(
  settings: Readonly<Record<string, string | number>> = {},
): Promise<PostgresServer> {
  if (binaries === undefined) throw new Error("PostgreSQL is not installed: no initdb");
  const directory = await mkdtemp(join(tmpdir(), "skitai-postgres-"));
  try {
    await initialise(binaries, directory);
    const server = new Server(binaries, directory, freePort(), { ...SETTINGS, ...settings });
    await server.start();
    return server;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

class Server implements PostgresServer {
  readonly host = HOST;
  readonly user = USER;
  readonly database = DATABASE;
  readonly #command: readonly string[];
  #output = new Output();
  #process: Bun.Subprocess<"ignore", "ignore", "pipe"> | undefined;
  #watchdog: Watchdog | undefined;

  constructor(
    path: string,
    readonly directory: string,
    readonly port: number,
    settings: Readonly<Record<string, string | number>>,
  ) {
    const all = Object.entries({ ...settings, port, unix_socket_directories: directory });
    const options = all.flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    this.#command = [...unprivileged(), join(path, "postgres"), "-D", join(directory, "data"), ...options];
  }

  get url(): string {
    return `postgres://${USER}@${HOST}:${this.port}/${DATABASE}`;
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error("PostgreSQL does not run");
    return this.#process.pid;
  }

  get log(): string {
    return this.#output.text;
  }

  async start(): Promise<void> {
    if (this.#process !== undefined) throw new Error("PostgreSQL runs already");
    const process = Bun.spawn([...this.#command], {
      stdio: ["ignore", "ignore", "pipe"],
      cwd: this.directory,
      env: environment(),
      detached: true,
    });
    this.#process = process;
    this.#watchdog = new Watchdog(process.pid);
    this.#output = new Output();
    const [seen, rest] = process.stderr.tee();
    this.#output.collect(rest);
    if (await contains(seen, READY)) return;
    await this.#gone(process);
    throw new Error(`PostgreSQL did not start: ${this.#output.text}`);
  }

  async halt(mode: StopMode = "fast"): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    process.kill(mode === "fast" ? "SIGINT" : "SIGQUIT");
    await this.#gone(process);
  }

  async restart(mode?: StopMode): Promise<void> {
    await this.halt(mode);
    await this.start();
  }

  async stop(): Promise<void> {
    await this.halt("immediate");
    await rm(this.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #gone(process: Bun.Subprocess): Promise<void> {
    await process.exited;
    await this.#output.ended();
    await this.#watchdog?.disarm();
    this.#process = undefined;
  }
}

async function initialise(path: string, directory: string): Promise<void> {
  const owner = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
  const initdb = Bun.spawn(
    [
      ...unprivileged(),
      join(path, "initdb"),
      ...["-D", join(directory, "data"), "-U", USER, "-E", "UTF8"],
      ...["--no-locale", "--no-sync", "--auth=trust"],
    ],
    { stdio: ["ignore", "ignore", "pipe"], cwd: directory, env: environment() },
  );
  const [code, text] = await Promise.all([initdb.exited, initdb.stderr.text()]);
  if (code !== 0) throw new Error(`initdb: ${text}`);
}

/** Whether `text` comes before the end; what follows it is read and dropped. */
async function contains(stream: ReadableStream<Uint8Array>, text: string): Promise<boolean> {
  const found = Promise.withResolvers<boolean>();
  void (async () => {
    const decoder = new TextDecoder();
    let tail = "";
    for await (const chunk of stream) {
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4096);
      if (tail.includes(text)) found.resolve(true);
    }
    found.resolve(false);
  })();
  return found.promise;
}

/** Variables like PGDATA or PGPORT of whoever runs the tests would be obeyed. */
const environment = (): Record<string, string | undefined> => ({ PATH: process.env.PATH, LC_ALL: "C" });

const unprivilegedUser = () => findUser("postgres") ?? findUser("nobody");

/** The server refuses to run as root. */
function unprivileged(): string[] {
  if (process.getuid?.() !== 0) return [];
  const user = unprivilegedUser();
  if (user === undefined)
    throw new Error("PostgreSQL needs a user who is not root: neither postgres nor nobody");
  return ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--"];
}

/** Debian keeps servers of several versions beside each other, and none of them in PATH: the newest is taken. */
function findBinaries(): string | undefined {
  const debian = [...new Bun.Glob("*/bin/initdb").scanSync({ cwd: "/usr/lib/postgresql", absolute: true })];
  const newest = debian.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  const initdb = newest ?? Bun.which("initdb");
  return initdb === undefined || initdb === null ? undefined : dirname(initdb);
}

function freePort(): number {
  const listener = Bun.listen({ hostname: HOST, port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
