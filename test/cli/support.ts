import { expect } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Result, TestClient } from "../../src/testing/index.ts";

const root = resolve(import.meta.dir, "../..");
const command = join(root, "cli/main.ts");

export const isRoot = process.getuid?.() === 0;
/** In front of a command: it runs as user nobody. */
export const asNobody: readonly string[] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** Bytes of the big file. */
export const bigSize = 20_000_000;

/** A directory that every user may enter. */
export function openDirectory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "skitai-cli-")));
  Bun.spawnSync(["chmod", "755", path]);
  return path;
}

/** Ends with its output, its colours taken away. */
export async function run(words: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const child = Bun.spawn([...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { stdout: Bun.stripANSI(stdout).trim(), stderr: Bun.stripANSI(stderr).trim(), exitCode };
}

/** The command from its sources. */
export const skitaiCommand: readonly string[] = [process.execPath, command];

export const skitai = (args: readonly string[], cwd: string, before: readonly string[] = []) =>
  run([...before, process.execPath, command, ...args], cwd);

/** Makes the packages that fixtures import available below `directory`, as an install does. */
export function install(directory: string): void {
  const modules = join(directory, "node_modules");
  mkdirSync(modules);
  symlinkSync(root, join(modules, "skitai"));
  symlinkSync(join(root, "node_modules/hono"), join(modules, "hono"));
}

/** The shop of the fixtures as an app with its own packages, with the files that no repository should have. */
export function makeShop(directory: string): void {
  cpSync(join(import.meta.dir, "fixtures/shop"), directory, { recursive: true, preserveTimestamps: true });
  install(directory);
  const compilerOptions = { jsx: "react-jsx", jsxImportSource: "hono/jsx" };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const files: Record<string, string | Uint8Array> = {
    "big.bin": Buffer.alloc(bigSize, "0123456789abcdef"),
    "page.html": "<!doctype html><title>Page</title>",
    "page.html.gz": Bun.gzipSync("<!doctype html><title>Page</title>"),
    "with space é#1?.txt": "an odd name",
    "tsconfig.json": "{ this is not JSON",
    "module.ts": "export const text: string = 'not to be compiled';",
    "empty.txt": "",
    ".hidden": "not to be shown",
  };
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, "static", name), content);
  symlinkSync("css/shop.css", join(directory, "static/linked.css"));
  symlinkSync("../shared", join(directory, "static/outside"));
  symlinkSync(".", join(directory, "static/loop"));
}

/** What a bunfig.toml and a .env would do to whoever heeds them. */
export function plant(directory: string): void {
  writeFileSync(join(directory, "planted.ts"), "Object.assign(globalThis, { planted: true });");
  writeFileSync(join(directory, "bunfig.toml"), 'preload = ["./planted.ts"]\n');
  writeFileSync(join(directory, ".env"), "PLANTED=yes\nSKITAI_NAME=planted\n");
}

type Probe = readonly [
  status: number,
  method: string,
  path: string,
  headers?: Record<string, string>,
  body?: string,
];

const probes: readonly Probe[] = [
  [200, "GET", "/"],
  [200, "GET", "/hello"],
  [200, "HEAD", "/hello"],
  [200, "GET", "/jsx"],
  [404, "GET", "/nowhere"],
  [200, "GET", "/index.html"],
  [404, "POST", "/index.html"],
  [404, "OPTIONS", "/index.html"],
  [200, "GET", "/css/shop.css", { "accept-encoding": "gzip" }],
  [200, "GET", "/css/shop.css", { "accept-encoding": "br" }],
  [200, "GET", "/css/shop.css", { "accept-encoding": "identity" }],
  [206, "GET", "/css/shop.css", { range: "bytes=5-14" }],
  [416, "GET", "/css/shop.css", { range: "bytes=90000-" }],
  [404, "GET", "/css"],
  [301, "GET", "/deep?x=1"],
  [200, "GET", "/deep/"],
  [200, "GET", "/page.html", { "accept-encoding": "gzip" }],
  [200, "GET", "/page.html.gz"],
  [200, "GET", "/with%20space%20%C3%A9%231%3F.txt"],
  [200, "GET", "/tsconfig.json"],
  [200, "GET", "/module.ts"],
  [200, "GET", "/empty.txt"],
  [200, "GET", "/linked.css"],
  [404, "GET", "/outside/greeting.ts"],
  [404, "GET", "/.hidden"],
  [200, "GET", "/.well-known/security.txt"],
  [404, "GET", "/%2e%2e/serve.tsx"],
  [304, "GET", "/assets/shop.css", { "if-modified-since": new Date().toUTCString() }],
  [206, "GET", "/big.bin", { range: "bytes=19999990-" }],
  [200, "HEAD", "/big.bin"],
  [200, "GET", "/big.bin"],
  [200, "GET", "/more/"],
  [308, "GET", "/api"],
  [200, "GET", "/api/"],
  [201, "POST", "/api/", { "content-type": "application/json" }, '{"pieces":2}'],
  [500, "GET", "/api/fail"],
  [500, "GET", "/api/fail", { accept: "text/html" }],
  [200, "DELETE", "/api/raw/1"],
  [500, "GET", "/api/raw/fail", { accept: "text/html" }],
  [500, "GET", "/api/raw/fail"],
  [308, "GET", "/node"],
  [200, "GET", "/node/"],
];

/** Every probe's answer; entity tags differ between a disk and an executable, and times pass. */
export async function answersOf(client: TestClient): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const [status, method, path, headers = {}, body] of probes) {
    const options = { headers, decompress: false, ...(body === undefined ? {} : { body }) };
    const result = await client.request(method, path, options);
    expect([method, path, result.status]).toEqual([method, path, status]);
    answers[[method, path, JSON.stringify(headers)].join(" ")] = shown(result);
  }
  return answers;
}

function shown({ status, headers, bytes, text }: Result): unknown {
  const rest = Object.fromEntries(headers);
  for (const name of ["date", "etag", "expires"]) delete rest[name];
  if (bytes.length > 1000 || rest["content-encoding"])
    return { status, headers: rest, body: Bun.hash(bytes).toString(36) };
  // Ids of a transaction are made anew, of some length.
  const body = text.replace(/GTID-[\w-]+/g, "GTID");
  if (body !== text) delete rest["content-length"];
  return { status, headers: rest, body };
}

/** Waits for something that comes about by itself; fails after 4 s. */
export async function eventually<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (const end = Bun.nanoseconds() + 4e9; Bun.nanoseconds() < end; await Bun.sleep(5)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error("did not come about within 4 s");
}
