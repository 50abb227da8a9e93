import { closeSync, fstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { createWords, descriptorPath, openWords } from "../../src/state/file.ts";
import { childVariables, sharedWords } from "../../src/state/process.ts";

const directory = mkdtempSync(join(tmpdir(), "words-"));
afterAll(() => rmSync(directory, { recursive: true }));
const fixture = (name: string): string =>
  Bun.fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url));
const names = ["count", "tables.users"];

/** A process that shares the words of a descriptor. */
const spawn = (name: string, fd: number, args: readonly string[] = []) =>
  Bun.spawn([process.execPath, fixture(name), ...args], {
    env: { ...process.env, ...childVariables(names) },
    stdio: ["pipe", "pipe", "inherit", fd],
  });

test("[H1] [H2] four processes count a million each: no count is lost, no time is given twice", async () => {
  const fd = createWords(directory, undefined);
  const rounds = 1_000_000;
  const counters = Array.from({ length: 4 }, () => spawn("counter", fd, [String(rounds)]));
  try {
    const outputs = counters.map(({ stdout }) => stdout.getReader());
    for (const output of outputs)
      expect(new TextDecoder().decode((await output.read()).value)).toBe("ready\n");
    for (const { stdin } of counters) void stdin.end();
    const stamps = await Promise.all(
      outputs.map(async (output) => {
        let text = "";
        for (let read = await output.read(); !read.done; read = await output.read())
          text += new TextDecoder().decode(read.value);
        return JSON.parse(text) as number[];
      }),
    );
    const words = openWords(descriptorPath(fd), new Set(names));
    expect(words.getgs("count")).toBe(4 * rounds);
    for (const own of stamps) expect(own).toEqual(own.toSorted((one, other) => one - other));
    expect(new Set(stamps.flat()).size).toBe((4 * rounds) / 100);
    expect(words.getlu("tables.users")).toBe(Math.max(...stamps.flat()));
  } finally {
    for (const counter of counters) counter.kill("SIGKILL");
    closeSync(fd);
  }
}, 30_000);

test("[H1] the file has no name, belongs to who made it alone, and is small", () => {
  const fd = createWords(directory, undefined);
  const { nlink, mode, size, blocks } = fstatSync(fd);
  expect([nlink, mode & 0o777]).toEqual([0, 0o600]);
  expect(size).toBeLessThan(2 * 1024 * 1024);
  // A page of words, a page of limits.
  expect(blocks * 512).toBeLessThanOrEqual(8192);
  expect(readlinkSync(descriptorPath(fd))).toMatch(/^\/dev\/shm\/#\d+ \(deleted\)$/);
  expect(readdirSync(directory)).toEqual([]);
  closeSync(fd);
});

test("[H1] a child is handed the words; its own children, which inherit the environment, have words of their own", async () => {
  const fd = createWords(directory, undefined);
  openWords(descriptorPath(fd), new Set(names)).setgs("count", 42);
  const child = spawn("reader", fd);
  expect(JSON.parse(await child.stdout.text())).toEqual([42, "STATE_UNKNOWN"]);
  closeSync(fd);
});

test("[H1] a thread shares the words of its process", async () => {
  const fd = createWords(directory, undefined);
  openWords(descriptorPath(fd), new Set(names)).setgs("count", 2);
  const child = spawn("handed-thread", fd);
  expect(JSON.parse(await child.stdout.text())).toEqual([7, 7]);
  expect(await child.exited).toBe(0);
  closeSync(fd);
});

test("[H1] a process that was handed nothing shares nothing", () => {
  expect(sharedWords()).toBeUndefined();
  const open = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return [];
    }
  });
  expect(open.filter((path) => path.startsWith("/dev/shm"))).toEqual([]);
});

test("[H1] a script that imports the engine without run() has words and locks of its own", async () => {
  const script = `
    import * as skitai from "skitai";
    skitai.registerStates("a");
    skitai.registerCacheKeys("tables.users");
    const { was } = skitai;
    const before = was.getlu("a", "tables.users");
    was.setgs("a", was.incgs("a", 2) * 5);
    const after = was.setlu("tables.users");
    const locked = await was.getLock("x").run(() => "mine");
    console.log(JSON.stringify([was.getgs("a"), before < after, after === was.getlu("a", "tables.users"), locked]));`;
  const child = Bun.spawn([process.execPath, "-e", script], { cwd: import.meta.dir, stdout: "pipe" });
  expect(JSON.parse(await child.stdout.text())).toEqual([10, true, true, "mine"]);
});

test("[H4] what shares the words of a service, and is no worker of it, gets no locks", async () => {
  const fd = createWords(directory, undefined);
  const child = spawn("locker", fd);
  expect(await child.stdout.text()).toBe("STATE_INVALID");
  closeSync(fd);
});

/** As root, a mount namespace takes /dev/shm away. */
const mayUnmount = Bun.spawnSync(["unshare", "-m", "umount", "/dev/shm"]).exitCode === 0;
test.skipIf(!mayUnmount)(
  "[H1] without shared memory the file is in the run directory, without a name as well",
  () => {
    const script = `
    import { createWords, descriptorPath, openWords } from "./src/state/file.ts";
    import { readlinkSync } from "node:fs";
    const path = descriptorPath(createWords(process.argv[1], undefined));
    openWords(path, new Set(["a"])).setgs("a", 7);
    console.log(readlinkSync(path), openWords(path, new Set(["a"])).getgs("a"));`;
    const inner = `umount /dev/shm && mount -t tmpfs -o ro none /dev/shm && exec "$@"`;
    const run = Bun.spawnSync(
      ["unshare", "-m", "sh", "-c", inner, "sh", process.execPath, "-e", script, directory],
      { cwd: join(import.meta.dir, "../.."), stderr: "inherit" },
    );
    const [path, deleted, value] = run.stdout.toString().trim().split(" ");
    expect(path).toStartWith(directory);
    expect([deleted, value, readdirSync(directory)]).toEqual(["(deleted)", "7", []]);
  },
);
