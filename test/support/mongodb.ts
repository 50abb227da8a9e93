import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Output } from "../../src/testing/output.ts";
import { Watchdog } from "../../src/testing/watchdog.ts";

const VERSION = "v1.24.0";
const HOST = "127.0.0.1";

/** FerretDB as a library: it listens when `New` returns. */
const PROGRAM = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
	})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready", server.MongoDBURI())
	_ = server.Run(context.Background())
}
`;

/**
 * A server that speaks MongoDB's protocol, built from its Go module once (some minutes) and kept between runs; `undefined`
 * where there is no Go or the module cannot be had: tests that need it are then skipped by name.
 */
export async function ferretdb(): Promise<string | undefined> {
  const go = Bun.which("go");
  const cache = join(
    process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"),
    "skitai-tests",
    `ferretdb-${VERSION}`,
  );
  const binary = join(cache, "ferretdb");
  if (existsSync(binary)) return binary;
  if (go === null) return undefined;
  mkdirSync(join(cache, ".."), { recursive: true });
  // Another test file may be at it: whoever is first puts the whole of it into place.
  const made = mkdtempSync(`${cache}-`);
  try {
    await Bun.write(join(made, "main.go"), PROGRAM);
    const module = `module skitai-tests\n\ngo 1.22\n\nrequire github.com/FerretDB/FerretDB ${VERSION}\n`;
    await Bun.write(join(made, "go.mod"), module);
    const build = Bun.spawn(
      [
        ...[
          "nice",
          go,
          "build",
          "-mod=mod",
          "-trimpath",
          "-ldflags=-s -w",
          "-tags",
          "ferretdb_no_postgresql",
        ],
        ...["-o", "ferretdb", "."],
      ],
      {
        cwd: made,
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, GOTOOLCHAIN: "local" },
        timeout: 900_000,
      },
    );
    const [text, code] = await Promise.all([build.stderr.text(), build.exited]);
    if (code !== 0) process.stderr.write(`go build of FerretDB: ${text.slice(-500)}\n`);
    if (code === 0 && !existsSync(cache)) renameSync(made, cache);
    return existsSync(binary) ? binary : undefined;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** A server of a test file's own. */
export class MongoServer implements AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly place: string;
  readonly #binary: string;
  readonly #directory: string;
  #output = new Output();
  #process: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  #watchdog: Watchdog | undefined;

  private constructor(binary: string, directory: string) {
    this.#binary = binary;
    this.#directory = directory;
    this.port = freePort();
    this.place = `${HOST}:${this.port}`;
  }

  /** @param binary what `ferretdb()` gave */
  static async start(binary: string): Promise<MongoServer> {
    const server = await MongoServer.down(binary);
    await server.up();
    return server;
  }

  /** One that does not run yet: nothing listens on its port. */
  static async down(binary: string): Promise<MongoServer> {
    const directory = await mkdtemp(join(tmpdir(), "skitai-mongodb-"));
    await mkdir(join(directory, "data"));
    return new MongoServer(binary, directory);
  }

  async up(): Promise<void> {
    const process = Bun.spawn([this.#binary, this.place, "data"], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: this.#directory,
      detached: true,
    });
    this.#process = process;
    this.#watchdog = new Watchdog(process.pid);
    this.#output = new Output();
    this.#output.collect(process.stderr);
    const reader = process.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    const said = new TextDecoder().decode(value);
    this.#output.collect(process.stdout);
    if (said.startsWith("ready")) return;
    await this.halt();
    throw new Error(`FerretDB did not start: ${said}${this.#output.text}`);
  }

  /** Killed, with its data kept. */
  async halt(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    process.kill("SIGKILL");
    await process.exited;
    await this.#output.ended();
    await this.#watchdog?.disarm();
    this.#process = undefined;
  }

  async restart(): Promise<void> {
    await this.halt();
    await this.up();
  }

  /** SIGSTOP: it keeps its connections, and says nothing until `proceed`. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  proceed(): void {
    this.#process?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    await this.halt();
    await rm(this.#directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: HOST, port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
