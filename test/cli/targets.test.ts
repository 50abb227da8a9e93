import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeExecutable } from "../../scripts/release/executable.ts";
import { install, openDirectory, run, skitai } from "./support.ts";

const directory = openDirectory();
beforeAll(() => {
  install(directory);
  mkdirSync(join(directory, "static"));
  writeFileSync(join(directory, "static/a.txt"), "embedded in another system's executable");
  writeFileSync(
    join(directory, "serve.ts"),
    `import * as skitai from "skitai";
     skitai.mount("/", "./static");
     await skitai.run({ name: "crossed" });`,
  );
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** ELF-64 header: e_ident's class and data, e_machine; and the loader that PT_INTERP names. */
function headerOf(path: string): { bits: number; machine: number; loader: string } {
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(64 * 1024);
    readSync(fd, bytes, 0, bytes.length, 0);
    expect(bytes.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
    const loader = /\/lib(?:64)?\/ld-[\w.-]+/.exec(bytes.toString("latin1"))?.[0] ?? "";
    return { bits: bytes[4]! * 32, machine: bytes.readUInt16LE(18), loader };
  } finally {
    closeSync(fd);
  }
}

/** Whether the registry that Bun is told of has its executables for other systems. */
const registry = await run(["npm", "view", `@oven/bun-linux-aarch64@${Bun.version}`, "version"], "/");
const isReachable = registry.stdout === Bun.version;

const targets = [
  ["linux-arm64", 183, "/lib/ld-linux-aarch64.so.1"],
  ["linux-x64-musl", 62, "/lib/ld-musl-x86_64.so.1"],
] as const;
for (const [target, machine, loader] of targets)
  test.skipIf(!isReachable)(
    `[Y4] build --target ${target} makes an executable of that system`,
    async () => {
      const outfile = join(directory, target);
      const built = await skitai(["build", "serve.ts", "--target", target, "--outfile", outfile], directory);
      expect([built.exitCode, built.exitCode === 0 ? "" : built.stderr]).toEqual([0, ""]);
      expect(built.stdout).toContain("1 file of 1 directory");
      expect(headerOf(outfile)).toEqual({ bits: 64, machine, loader });
      const text = await run(["grep", "-c", "-a", "embedded in another system's executable", outfile], "/");
      expect(Number(text.stdout)).toBeGreaterThan(0);
    },
    120_000,
  );

test.skipIf(!isReachable)(
  "[Y3 Y4] the command itself is made for another system",
  async () => {
    const outfile = join(directory, "skitai-musl");
    await makeExecutable(outfile, "linux-x64-musl");
    expect(headerOf(outfile)).toEqual({ bits: 64, machine: 62, loader: "/lib/ld-musl-x86_64.so.1" });
  },
  120_000,
);

test("[Y4] the target of this system needs nothing fetched, one that is none is refused", async () => {
  const own = `linux-${process.arch}`;
  const built = await skitai(["build", "serve.ts", "--target", own, "--outfile", "own"], directory);
  expect(built.exitCode).toBe(0);
  const said = await skitai(["build", "serve.ts", "--outfile=own", "--json"], directory);
  expect(JSON.parse(said.stdout)).toMatchObject({
    outfile: join(directory, "own"),
    files: 1,
    directories: 1,
  });
  const refused = await skitai(["build", "serve.ts", "--target", "linux-x68"], directory);
  expect([refused.exitCode, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toContain(
    '--target: "linux-x68" is not accepted; accepted: one of linux-x64, linux-arm64',
  );
}, 30_000);
