import { describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { FileMemory, openDirectory } from "../../src/static/directory.ts";
import { drain, optionsWith, serveRoot, temporary, writeFiles } from "./served.ts";
import type { Served } from "./served.ts";

/** More than the socket buffers of both ends hold, so that most is unsent when the reader stops. */
const SIZE = 24_000_000;
const OLD = Buffer.alloc(SIZE, "A");
const NEW = Buffer.alloc(SIZE, "B");

/** Asks, reads a little, stops reading, lets `change` happen, reads the rest. */
async function slowly(
  site: Served,
  path: string,
  change: () => void,
  head = "",
): Promise<{ head: string; body: Buffer }> {
  const socket = connect(site.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  const ended = drain(socket, chunks);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n`);
  await received(socket);
  socket.pause();
  await unsent(site.port, socket.localPort ?? 0);
  change();
  socket.resume();
  const all = await ended;
  const split = all.indexOf("\r\n\r\n");
  return { head: all.toString("latin1", 0, split), body: all.subarray(split + 4) };
}

const received = (socket: Socket) => new Promise<void>((resolve) => socket.once("data", () => resolve()));

/** Waits until the server's side of the connection has bytes that the kernel cannot deliver, and stays so. */
async function unsent(port: number, client: number): Promise<void> {
  const hex = (n: number) => `:${n.toString(16).toUpperCase().padStart(4, "0")}`;
  for (let last = -1; ; await Bun.sleep(5)) {
    const table = await Bun.file("/proc/net/tcp").text();
    const row = table
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .find(([, local, remote]) => local?.endsWith(hex(port)) && remote?.endsWith(hex(client)));
    const queued = Number.parseInt(row?.[4]?.split(":")[0] ?? "0", 16);
    if (queued > 0 && queued === last) return;
    last = queued;
  }
}

/** `A` or `B` when all bytes are that, `mixed` otherwise. */
const made = (body: Buffer): string => {
  const first = body.subarray(0, 1);
  return body.equals(Buffer.alloc(body.length, first)) ? first.toString() : "mixed";
};

const replace = (name: string, content: Uint8Array) => {
  writeFileSync(`${name}.new`, content);
  renameSync(`${name}.new`, name);
};

const openDescriptors = (root: string): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(root) ? [target] : [];
    } catch {
      return []; // the descriptor readdir itself had
    }
  });

describe("[S4] a file replaced during transfer never mixes", () => {
  const ways: Record<string, (name: string) => void> = {
    "replaced by rename": (name) => replace(name, NEW),
    removed: (name) => rmSync(name),
    "replaced by a shorter one": (name) => replace(name, NEW.subarray(0, 1000)),
  };

  test.each(Object.entries(ways))("%s: a slow reader gets the old one as a whole", async (_way, change) => {
    using place = temporary();
    writeFiles(place.path, { "/big.bin": OLD });
    using site = serveRoot(place.path);
    const etag = (await site.get("/big.bin", {}, "HEAD")).headers.get("etag");
    const { head, body } = await slowly(site, "/big.bin", () => change(join(place.path, "big.bin")));
    expect(head).toContain(`ETag: ${etag}`);
    expect([body.length, made(body)]).toEqual([SIZE, "A"]);
    expect((await site.get("/big.bin", {}, "HEAD")).headers.get("etag")).not.toBe(etag);
  });

  test.each(["", "bytes=10-"])(
    "replaced after the answer was made, before it is sent (Range %j)",
    async (range) => {
      using place = temporary();
      const name = join(place.path, "big.bin");
      writeFiles(place.path, { "/big.bin": OLD });
      const directory = openDirectory(place.path, optionsWith());
      const server = Bun.serve({
        port: 0,
        fetch(request) {
          const response = directory.respond("/big.bin", "", request);
          replace(name, NEW.subarray(0, 2_000_000));
          return response ?? new Response("none", { status: 404 });
        },
      });
      const response = await fetch(server.url, { headers: range === "" ? {} : { range } });
      const body = Buffer.from(await response.arrayBuffer());
      expect([body.length, made(body)]).toEqual([range === "" ? SIZE : SIZE - 10, "A"]);
      await server.stop(true);
      directory.close();
    },
  );

  test("ranges of a slow reader are of one version: single, and several", async () => {
    for (const range of [`bytes=10-${SIZE - 11}`, `bytes=10-${SIZE / 2},${SIZE / 2 + 10}-${SIZE - 1}`]) {
      using place = temporary();
      writeFiles(place.path, { "/big.bin": OLD });
      using site = serveRoot(place.path);
      const change = () => replace(join(place.path, "big.bin"), NEW);
      const { head, body } = await slowly(site, "/big.bin", change, `Range: ${range}\r\n`);
      expect(head).toStartWith("HTTP/1.1 206");
      expect(body.length).toBeGreaterThan(SIZE - 100);
      expect(body.includes("BBBB")).toBe(false);
    }
  });

  test("a resumed download of a replaced file starts again, whole and new", async () => {
    using place = temporary();
    writeFiles(place.path, { "/big.bin": OLD });
    using site = serveRoot(place.path);
    const etag = (await site.get("/big.bin", {}, "HEAD")).headers.get("etag") ?? "";
    replace(join(place.path, "big.bin"), NEW);
    const response = await site.get("/big.bin", { range: "bytes=1000-", "if-range": etag });
    expect(response.status).toBe(200);
    const body = Buffer.from(await response.arrayBuffer());
    expect([body.length, made(body)]).toEqual([SIZE, "B"]);
  });

  test("truncated in place: the answer breaks off, it does not look complete", async () => {
    using place = temporary();
    writeFiles(place.path, { "/big.bin": OLD });
    using site = serveRoot(place.path);
    const { head, body } = await slowly(site, "/big.bin", () =>
      truncateSync(join(place.path, "big.bin"), 1000),
    );
    expect(head.toLowerCase()).toContain(`content-length: ${SIZE}`);
    expect(body.length).toBeLessThan(SIZE);
  });

  test("written in place while streamed in parts: the answer breaks off before a new byte", async () => {
    using place = temporary();
    writeFiles(place.path, { "/big.bin": OLD });
    using site = serveRoot(place.path);
    const change = () => writeFileSync(join(place.path, "big.bin"), NEW);
    const { body } = await slowly(
      site,
      "/big.bin",
      change,
      `Range: bytes=0-${SIZE / 2},${SIZE / 2 + 10}-\r\n`,
    );
    expect(body.length).toBeLessThan(SIZE);
    expect(body.includes("BBBB")).toBe(false);
  });

  test("a file from memory is one version even when it is written in place", async () => {
    using place = temporary();
    const name = join(place.path, "big.bin");
    writeFiles(place.path, { "/big.bin": OLD });
    using site = serveRoot(place.path, { memory: new FileMemory({ maxBytes: 2 * SIZE, maxFile: SIZE }) });
    const { body } = await slowly(site, "/big.bin", () => writeFileSync(name, NEW));
    expect([body.length, made(body)]).toEqual([SIZE, "A"]);
    const after = Buffer.from(await (await site.get("/big.bin")).arrayBuffer());
    expect([after.length, made(after)]).toEqual([SIZE, "B"]);
  });

  test("small files written all the time are whole: length, tag and bytes agree", async () => {
    using place = temporary();
    const name = join(place.path, "small.txt");
    const script = `const { writeFileSync, renameSync } = require("fs"); for (let i = 0; ; i++) { writeFileSync(process.argv[1] + ".n", String.fromCharCode(65 + (i % 26)).repeat(1000 + (i % 26))); renameSync(process.argv[1] + ".n", process.argv[1]); }`;
    writeFileSync(name, "A".repeat(1000));
    const writer = Bun.spawn([process.execPath, "-e", script, name], { stdout: "ignore", stderr: "ignore" });
    using site = serveRoot(place.path);
    const seen = new Map<string, string>();
    const end = performance.now() + 300;
    while (performance.now() < end || seen.size < 3) {
      const response = await site.get("/small.txt");
      const body = Buffer.from(await response.arrayBuffer());
      const first = body[0] ?? 0;
      expect([made(body), body.length]).toEqual([String.fromCharCode(first), 1000 + (first - 65)]);
      const etag = response.headers.get("etag") ?? "";
      expect(seen.get(etag) ?? made(body)).toBe(made(body));
      seen.set(etag, made(body));
    }
    writer.kill();
    await writer.exited;
  });
});

describe("[S4] descriptors", () => {
  test("a reader that leaves, ranges and multipart leave none open but the kept one", async () => {
    using place = temporary();
    writeFiles(place.path, { "/big.bin": OLD });
    using site = serveRoot(place.path, { revalidate: 60 });
    for (const range of ["", "Range: bytes=0-9,20-20000000\r\n", 'Range: bytes=5-\r\nIf-Range: "x"\r\n']) {
      const socket = connect(site.port, "127.0.0.1");
      const ended = drain(socket);
      socket.write(`GET /big.bin HTTP/1.1\r\nHost: x\r\n${range}\r\n`);
      await received(socket);
      socket.destroy();
      await ended;
    }
    await (await site.get("/big.bin", { range: "bytes=0-9,20-30" })).arrayBuffer();
    await (await site.get("/big.bin", { range: "bytes=0-9" })).arrayBuffer();
    // The server learns of closed connections on its next turns; 5 s of them at most, by the test's own deadline.
    while (openDescriptors(place.path).length > 1) await Bun.sleep(1);
    expect(openDescriptors(place.path)).toEqual([join(place.path, "big.bin")]);
  });

  test("small files keep none", async () => {
    using place = temporary();
    writeFiles(place.path, { "/a.txt": "a", "/b.txt": "b" });
    using site = serveRoot(place.path);
    for (const path of ["/a.txt", "/b.txt", "/none"]) await (await site.get(path)).text();
    expect(openDescriptors(place.path)).toEqual([]);
  });
});
