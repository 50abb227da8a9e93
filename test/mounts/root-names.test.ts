import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RootNames } from "../../src/mounts/root-names.ts";
import { testClient } from "../../src/testing/index.ts";
import { fixture } from "./support.ts";

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "skitai-names-"))));
afterEach(() => rmSync(root, { recursive: true }));

const write = (name: string): void => writeFileSync(join(root, name), "");
/** Short enough that the next call looks again. */
const always = 1e-9;
const longAgo = new Date("2024-01-01");

test("[E5] turns away what cannot be there, and only that", () => {
  write("a.txt");
  write("café.txt");
  mkdirSync(join(root, "css"));
  const names = new RootNames(root, 60);
  const asked = [
    "/a.txt",
    "/a.txt/x",
    "/css",
    "/css/",
    "/css/none.css",
    "/caf%C3%A9.txt",
    "/%61.txt",
    "//",
    "/%",
  ];
  expect(asked.filter((path) => !names.mayHave(path))).toEqual([]);
  const turned = ["/", "/a", "/a.tx", "/A.txt", "/pets/45", "/css.", "/.", "/a.txt.gz"];
  expect(turned.filter((path) => names.mayHave(path))).toEqual([]);
});

test("[E5] / is asked for when there is an index", () => {
  for (const name of ["index.html", "index.htm"]) {
    rmSync(root, { recursive: true });
    mkdirSync(root);
    write(name);
    expect(new RootNames(root, 60).mayHave("/")).toBe(true);
  }
});

test("[E5] keeps names for as long as it was told", () => {
  const [kept, looking] = [new RootNames(root, 60), new RootNames(root, always)];
  expect([kept.mayHave("/new.txt"), looking.mayHave("/new.txt")]).toEqual([false, false]);
  write("new.txt");
  expect([kept.mayHave("/new.txt"), looking.mayHave("/new.txt")]).toEqual([false, true]);
  rmSync(join(root, "new.txt"));
  expect(looking.mayHave("/new.txt")).toBe(false);
});

test("[E5] sees a change that left the same mtime, as coarse clocks do", () => {
  const names = new RootNames(root, always);
  const moment = new Date();
  utimesSync(root, moment, moment);
  expect(names.mayHave("/new.txt")).toBe(false);
  write("new.txt");
  utimesSync(root, moment, moment);
  expect(names.mayHave("/new.txt")).toBe(true);
});

test("[E5] a directory at rest is not read again", () => {
  const names = new RootNames(root, always);
  utimesSync(root, longAgo, longAgo);
  expect(names.mayHave("/new.txt")).toBe(false);
  write("new.txt");
  // Nobody does this; it shows that the mtime decides.
  utimesSync(root, longAgo, longAgo);
  expect(names.mayHave("/new.txt")).toBe(false);
});

test("[E5] follows a root that is a symlink and switched, as deployments do", () => {
  const current = join(root, "current");
  for (const release of ["one", "two"]) {
    mkdirSync(join(root, release));
    write(`${release}/${release}.txt`);
    utimesSync(join(root, release), longAgo, longAgo);
  }
  symlinkSync("one", current);
  const names = new RootNames(current, always);
  expect([names.mayHave("/one.txt"), names.mayHave("/two.txt")]).toEqual([true, false]);
  symlinkSync("two", join(root, "next"));
  renameSync(join(root, "next"), current);
  expect([names.mayHave("/one.txt"), names.mayHave("/two.txt")]).toEqual([false, true]);
});

test("[E5] a root that is gone, and one with very many names, decide nothing", () => {
  for (const name of ["a", "b", "c"]) write(name);
  expect(new RootNames(root, 60, 2).mayHave("/none")).toBe(true);
  expect(new RootNames(root, 60, 3).mayHave("/none")).toBe(false);
  expect(new RootNames(join(root, "gone"), 60).mayHave("/none")).toBe(true);
  const names = new RootNames(root, always);
  expect(names.mayHave("/none")).toBe(false);
  renameSync(root, `${root}-away`);
  expect(names.mayHave("/none")).toBe(true);
  renameSync(`${root}-away`, root);
  expect(names.mayHave("/none")).toBe(false);
});

test("[E5] a file that is put into a served directory is served, a removed one goes to the app", async () => {
  for (const args of [[], ["--devel"]]) {
    await using cli = await testClient(fixture("directory.ts"), undefined, { args, env: { ROOT: root } });
    expect((await cli.get("/new.txt")).text).toBe("app");
    writeFileSync(join(root, "new.txt"), "file");
    // In production within a second; the test's own timeout ends it.
    while ((await cli.get("/new.txt")).text !== "file") await Bun.sleep(20);
    rmSync(join(root, "new.txt"));
    while ((await cli.get("/new.txt")).text !== "app") await Bun.sleep(20);
  }
});
