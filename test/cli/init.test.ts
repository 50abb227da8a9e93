import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { asNobody, install, isRoot, openDirectory, run, skitai } from "./support.ts";

const directory = openDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

for (const template of ["hono", "plain"])
  test(`[Y3] a new ${template} project passes its test and the type check, without anything fetched`, async () => {
    const made = await skitai(["init", `new/My ${template}`, "--template", template, "--json"], directory);
    expect({ ...made, stdout: JSON.parse(made.stdout) }).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: { name: `my-${template}`, directory: join(directory, `new/My ${template}`) },
    });
    const project = join(directory, `new/My ${template}`);
    expect(existsSync(join(project, "node_modules"))).toBe(false);
    install(project);
    for (const name of ["bun-types", "@types", "undici-types"])
      symlinkSync(resolve(import.meta.dir, "../../node_modules", name), join(project, "node_modules", name));
    const check = await run([process.execPath, "check", "--no-script"], project);
    expect([check.exitCode, check.exitCode === 0 ? "" : check.stdout + check.stderr]).toEqual([0, ""]);
    const tested = await run([process.execPath, "test"], project);
    expect(tested.stderr).toContain(" 1 pass\n 0 fail");
    expect(tested.exitCode).toBe(0);
    expect(
      Object.keys(JSON.parse(readFileSync(join(project, "package.json"), "utf8")).dependencies).sort(),
    ).toEqual(template === "hono" ? ["hono", "skitai"] : ["skitai"]);
  }, 20_000);

test("[Y3] init leaves what is there alone, unless it is forced", async () => {
  const place = join(directory, "there");
  mkdirSync(join(place, ".git"), { recursive: true });
  const said = await skitai(["init"], place);
  expect(said.exitCode).toBe(0);
  expect(said.stdout).toContain("npm install");
  writeFileSync(join(place, "serve.ts"), "mine");
  const refused = await skitai(["init", "there"], directory);
  expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
  expect(refused.stderr).toContain("there: is not empty; --force writes into it all the same");
  expect(readFileSync(join(place, "serve.ts"), "utf8")).toBe("mine");
  expect((await skitai(["init", "there", "--force"], directory)).exitCode).toBe(0);
  expect(readFileSync(join(place, "serve.ts"), "utf8")).toContain("skitai.run(");
});

test("[Y3] init says what it cannot take", async () => {
  writeFileSync(join(directory, "file"), "");
  const cases: [string[], string][] = [
    [["init", "file/x"], "file/x: cannot be written (ENOTDIR)"],
    [["init", "x", "--template", "next"], '--template: "next" is not accepted; accepted: one of hono, plain'],
    [["init", "x", "y"], "y: is a word too many"],
  ];
  for (const [words, text] of cases) {
    const { exitCode, stderr } = await skitai(words, directory);
    expect([exitCode, stderr.includes(text) || stderr]).toEqual([1, true]);
  }
  if (!isRoot) return;
  const denied = await skitai(["init", join(directory, "denied")], "/", asNobody);
  expect([denied.exitCode, denied.stderr.includes("cannot be written (EACCES)")]).toEqual([1, true]);
});
