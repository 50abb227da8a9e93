import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readTarget } from "../../src/mounts/target.ts";
import { type TestClient, testClient } from "../../src/testing/index.ts";

const root = resolve(import.meta.dir, "../..");
const fixtures = join(import.meta.dir, "fixtures");
const directory = realpathSync(mkdtempSync(join(tmpdir(), "skitai-packages-")));
const project = join(directory, "project");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const script = `import * as skitai from "skitai";
import * as unsub from "unsub";

const pref = skitai.preference();
pref.config["urls"] = "a b c";
skitai.mount("/imported", unsub, pref);
skitai.mount("/imported/v1", [unsub, "app_v1:app"]);
skitai.mount("/imported/other", [unsub, "app_v1:other"]);
skitai.mount("/named", "unsub", pref);
skitai.mount("/named/v1", ["unsub", "app_v1"]);
skitai.mount("/named/other", ["unsub", "app_v1:other"]);
skitai.mount("/plain", "@scope/plain");
skitai.mount("/script", () => Response.json({ config: pref.config, version: unsub.version }));
await skitai.run({ name: "project" });
`;

async function run(words: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const child = Bun.spawn([...words], {
    cwd,
    env: { ...process.env, npm_config_offline: "true", NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Two packages as they come from a registry, installed into a project of their user. */
beforeAll(async () => {
  mkdirSync(join(project, "archives"), { recursive: true });
  writeFileSync(join(project, "serve.ts"), script);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
  for (const name of ["unsub", "plainpkg"]) {
    const packed = await run(
      ["npm", "pack", "--pack-destination", "archives", join(fixtures, name)],
      project,
    );
    expect([packed.exitCode, packed.exitCode && packed.stderr]).toEqual([0, 0]);
  }
  const installed = await run(
    [
      "npm",
      "install",
      "--no-audit",
      "--no-fund",
      "./archives/unsub-1.2.3.tgz",
      "./archives/scope-plain-0.0.1.tgz",
    ],
    project,
  );
  expect([installed.exitCode, installed.exitCode && installed.stderr]).toEqual([0, 0]);
  symlinkSync(root, join(project, "node_modules/skitai"));
}, 30_000);

const urls = { urls: "a b c", list: ["a", "b", "c"] };
const seen = async (cli: TestClient): Promise<void> => {
  for (const point of ["/imported", "/named"]) {
    expect((await cli.get(`${point}/x`)).data).toEqual({
      path: "/x",
      mountPoint: point,
      own: { kept: "kept", ...urls },
      config: urls,
    });
    expect((await cli.get(`${point}/count`)).data).toEqual({ count: 3, same: true });
    expect((await cli.get(`${point}/v1`)).text).toBe("app of app_v1");
    expect((await cli.get(`${point}/other`)).text).toBe("other of app_v1");
  }
  expect((await cli.get("/plain")).text).toBe("default of @scope/plain");
  // What a __setup__ adds is its mount's alone.
  expect((await cli.get("/script")).data).toEqual({ config: { urls: "a b c" }, version: "1.2.3" });
};

test("[E4] an installed package, imported or by name, with its __setup__, __mount__ and other exports", async () => {
  await using cli = await testClient(join(project, "serve.ts"));
  await seen(cli);
});

test("[E4] the same in an executable, without the project", async () => {
  const built = await run([process.execPath, join(root, "cli/main.ts"), "build", "serve.ts"], project);
  expect([built.exitCode, built.exitCode && built.stderr]).toEqual([0, 0]);
  const elsewhere = join(directory, "elsewhere");
  mkdirSync(elsewhere);
  renameSync(join(project, "project"), join(elsewhere, "project"));
  renameSync(project, join(directory, "gone"));
  try {
    await using cli = await testClient(join(elsewhere, "project"));
    await seen(cli);
  } finally {
    renameSync(join(directory, "gone"), project);
  }
}, 30_000);

test("[E4] names: a file or directory comes first, a package is looked for in all directories above", () => {
  const file = (path: string): object => ({ kind: "module", path: join(project, "node_modules", path) });
  expect(readTarget("unsub", project)).toMatchObject(file("unsub/skitai.ts"));
  expect(readTarget("unsub:app2", project)).toMatchObject({ ...file("unsub/skitai.ts"), name: "app2" });
  expect(readTarget("unsub/skitai/app_v1:x", join(project, "archives"))).toMatchObject({
    ...file("unsub/export/skitai/app_v1.ts"),
    name: "x",
  });
  expect(readTarget("@scope/plain", project)).toMatchObject(file("@scope/plain/export/skitai/__export__.js"));
  expect(readTarget("archives", project)).toEqual({ kind: "directory", path: join(project, "archives") });
  for (const text of ["hono", "unsub/skitai/app_v9", "@scope/none"])
    expect(() => readTarget(text, project)).toThrow(
      `mount: "${text}" is not accepted; accepted: a directory or a module below ${project}, or a package that exports "./skitai"`,
    );
});

test("[E4] what a package lacks is one line, exit code 1", async () => {
  const refusal = async (statements: string): Promise<unknown> => {
    const text = `import * as skitai from "skitai";\nimport * as unsub from "unsub";\n${statements}\nawait skitai.run({ port: 0 });`;
    writeFileSync(join(project, "wrong.ts"), text);
    const { exitCode, stderr } = await run([process.execPath, "wrong.ts"], project);
    return [exitCode, stderr.split("\n").filter((line) => line.startsWith("skitai: "))];
  };
  expect(await refusal('skitai.mount("/a", [unsub, "app_v9:app"]);')).toEqual([
    1,
    [
      expect.stringMatching(
        /^skitai: mount\("\/a"\) app_v9:app: a module that exports app_v9, this one exports .*app_v1/,
      ),
    ],
  ]);
  expect(await refusal('skitai.mount("/a", [unsub, "app_v1:x"]);')).toEqual([
    1,
    ['skitai: mount("/a") app_v1:x: a module that exports x, this one exports app, other'],
  ]);
  expect(await refusal('skitai.mount("/a", "unsubb");')).toEqual([
    1,
    [expect.stringContaining('"unsubb" is not accepted; accepted: a directory or a module below')],
  ]);
});
