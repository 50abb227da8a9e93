import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "skitai/package.json" with { type: "json" };
import { asNobody, install, isRoot, openDirectory, skitai } from "./support.ts";

const directory = openDirectory();

beforeAll(() => {
  cpSync(join(import.meta.dir, "fixtures/scripts"), directory, { recursive: true });
  install(directory);
  mkdirSync(join(directory, "taken"));
  writeFileSync(join(directory, "source.ts"), "export {};\n");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const line = (text: string): string => `[error] ${text}`;
const build = (...args: string[]): Promise<Awaited<ReturnType<typeof skitai>>> =>
  skitai(["build", ...args], directory);

const mistakes: readonly [what: string, words: readonly string[], stderr: string][] = [
  ["an unknown command", ["biuld", "good.ts"], line("biuld: unknown command, did you mean build?")],
  ["a command like no other", ["frobnicate"], line("frobnicate: unknown command, see skitai --help")],
  [
    "an unknown flag",
    ["build", "good.ts", "--outfle", "x"],
    line("--outfle: unknown option, did you mean --outfile?"),
  ],
  ["an unknown flag of none", ["--hlp"], line("--hlp: unknown option, did you mean --help?")],
  ["no script", ["build"], "Missing required positional argument: SCRIPT"],
  ["no value", ["build", "good.ts", "--outfile"], line("--outfile: needs a value")],
  ["a word too many", ["build", "good.ts", "more.ts"], line("more.ts: is a word too many")],
  ["a wrong script path", ["build", "god.ts"], line("god.ts: there is no such script")],
  ["a directory as script", ["build", "taken"], line("taken: is a directory, name the script in it")],
  [
    "a script without run()",
    ["build", "no-run.ts"],
    `I have nothing to do\n${line("no-run.ts: does not call run()")}`,
  ],
  [
    "a script without mounts",
    ["build", "no-mounts.ts"],
    line('no-mounts.ts: mount: nothing is mounted, call mount("/", app) before run()'),
  ],
  [
    "a directory as outfile",
    ["build", "good.ts", "--outfile", "taken"],
    line("taken: there is a directory of that name, choose another with --outfile"),
  ],
  [
    "a source file as outfile",
    ["build", "good.ts", "--outfile", "source.ts"],
    line("source.ts: there is something else than an executable of that name, choose another with --outfile"),
  ],
  [
    "an outfile below a file",
    ["build", "good.ts", "--outfile", "source.ts/good"],
    line("source.ts/good: cannot be written (ENOTDIR)"),
  ],
  [
    "an outfile in a directory that is not there",
    ["build", "good.ts", "--outfile", "far/away"],
    line("far/away: cannot be written (ENOENT)"),
  ],
];

for (const [what, words, stderr] of mistakes)
  test(`[Y2] ${what} is one clear line and exit code 1`, async () => {
    expect(await skitai(words, directory)).toEqual({ exitCode: 1, stdout: "", stderr });
  });

test("[Y2] all that is wrong in a script is said at once", async () => {
  const { stderr, exitCode } = await build("wrong.ts");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("wrong.ts: port: 70000 is not accepted");
  expect(stderr).toContain('wrong.ts: mount: "./nowhere" is not accepted');
  expect(stderr).toContain('wrong.ts: mount: "./nothing.ts" is not accepted');
});

test("[Y2] what a script throws is shown with its place", async () => {
  const { stderr, exitCode } = await build("throws.ts");
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/error: no such shop\s+at \S*throws\.ts:4:\d+/);
  expect(stderr).toEndWith(line("throws.ts: ended with exit code 1 before run(), see above"));
});

test("[Y2] what the bundler cannot resolve is named with its place", async () => {
  const { stderr, exitCode } = await build("unresolved.ts");
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^\[error\] \S*unresolved-module\.ts:2:\d+: Could not resolve: "no-such-package"/);
});

test.if(isRoot)("[Y2] a place this user may not write is one clear line", async () => {
  const done = await skitai(["build", "good.ts"], directory, asNobody);
  expect(done).toEqual({ exitCode: 1, stdout: "", stderr: line("good: cannot be written (EACCES)") });
});

test("[Y2] a mistake leaves nothing behind and touches nothing", () => {
  expect(readFileSync(join(directory, "source.ts"), "utf8")).toBe("export {};\n");
  expect(readdirSync(directory).filter((name) => !/\.ts$|^taken$|^node_modules$/.test(name))).toEqual([]);
});

test("[Y2] --help and --version answer", async () => {
  expect(await skitai(["--version"], directory)).toEqual({ exitCode: 0, stdout: version, stderr: "" });
  const help = await skitai(["--help"], directory);
  expect(help).toMatchObject({ exitCode: 0, stderr: "" });
  expect(help.stdout).toContain("build    Make one executable");
  const buildHelp = await skitai(["build", "--help"], directory);
  expect(buildHelp).toMatchObject({ exitCode: 0, stderr: "" });
  for (const flag of ["--outfile=<file>", "--static=<embed|disk>", "--minify"])
    expect(buildHelp.stdout).toContain(flag);
  expect((await skitai([], directory)).exitCode).toBe(1);
});
