import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FileMemory, openDirectory } from "../../src/static/directory.ts";
import type { Directory, DirectoryOptions } from "../../src/static/directory.ts";

/** When the files of a fixture were written, unless told: whole seconds, long ago. */
export const WRITTEN = new Date("2024-01-01T00:00:00Z");

/** A new directory in the system's temporary one; `using` removes it. */
export function temporary(): { path: string; [Symbol.dispose](): void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "skitai-static-")));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes files by own path, last written at `written`. */
export function writeFiles(
  root: string,
  files: Record<string, string | Uint8Array>,
  written: Date = WRITTEN,
): void {
  for (const [path, content] of Object.entries(files)) {
    const name = join(root, path);
    mkdirSync(dirname(name), { recursive: true });
    writeFileSync(name, content);
    utimesSync(name, written, written);
  }
}

export function optionsWith(options: Partial<DirectoryOptions> = {}): DirectoryOptions {
  return {
    maxAge: () => undefined,
    mountPoint: "",
    memory: new FileMemory(),
    dotFiles: "deny",
    compression: true,
    revalidate: 0,
    ...options,
  };
}

export interface Served {
  readonly port: number;
  readonly url: (path: string) => string;
  readonly directory: Directory;
  /** fetch that shows bodies as they were sent. */
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Response>;
  [Symbol.dispose](): void;
}

/** A directory behind a real server, as the engine will have it: 404 when it says `undefined`. */
export function serveDirectory(directory: Directory): Served {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    error: () => new Response("failed", { status: 500 }),
    fetch(request) {
      const { url } = request;
      const start = url.indexOf("/", 8);
      const query = url.indexOf("?", start);
      const path = url.slice(start, query < 0 ? undefined : query);
      return (
        directory.respond(path, query < 0 ? "" : url.slice(query), request) ??
        new Response("none", { status: 404 })
      );
    },
  });
  const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;
  return {
    port: server.port ?? 0,
    url,
    directory,
    get: (path, headers = {}, method = "GET") =>
      fetch(url(path), {
        method,
        headers: { "accept-encoding": "identity", ...headers },
        redirect: "manual",
        decompress: false,
      } as RequestInit),
    [Symbol.dispose]() {
      server.stop(true);
      directory.close();
    },
  };
}

export const serveRoot = (root: string, options: Partial<DirectoryOptions> = {}): Served =>
  serveDirectory(openDirectory(root, optionsWith(options)));

/** All that a server sends for one request line, byte by byte as given. */
export async function rawRequest(port: number, target: string, method = "GET", head = ""): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n`, "latin1"),
  );
  return (await drain(socket)).toString("latin1");
}

/** Reads to the end; a reset counts as an end. */
export function drain(socket: Socket, chunks: Buffer[] = []): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  socket.on("close", () => resolve(Buffer.concat(chunks)));
  socket.resume();
  return promise;
}
