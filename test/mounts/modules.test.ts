import { afterAll, beforeAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { fixture, runToEnd } from "./support.ts";

let cli: TestClient;
beforeAll(async () => void (cli = await testClient(fixture("modules.ts"))));
afterAll(() => cli.stop());

const here = Bun.fileURLToPath(new URL("./fixtures", import.meta.url));
const body = async (path: string): Promise<string> => (await cli.get(path)).text;

test("[E3] a module by path, with and without ending, in any JavaScript", async () => {
  expect(await body("/bare/")).toBe("app of app_v2");
  expect(await body("/dotted/")).toBe("app of app_v2");
  expect(await body("/absolute/")).toBe("app of app_v2");
  expect(await body("/javascript/x")).toBe("javascript /x");
});

test("[E3] the export after the colon, else app, else default", async () => {
  expect(await body("/named/")).toBe("default of app_v2");
  expect(await body("/default/")).toBe("only default");
  expect(await body("/package/")).toBe("app of app_v1/app");
  expect(await body("/node/")).toBe("other, Node-style");
});

test("[E3] a directory is one of files; with an export it is its index", async () => {
  expect(await body("/sub/")).toBe("index of sub");
  expect(await body("/files/readme.txt")).toBe("index.ts is text here\n");
});

test("[E3] a missing export is one line that names the exports there are, exit code 1", async () => {
  const missing = await runToEnd("refused.ts", { CASE: "missing" });
  expect(missing).toEqual({
    exitCode: 1,
    stdout: "",
    lines: [
      'skitai: mount "modules/nameless": a module that exports app or default, this one exports application, settings',
    ],
  });
  const named = await runToEnd("refused.ts", { CASE: "named" });
  expect(named.lines).toEqual([
    'skitai: mount "modules/nameless:app": a module that exports app, this one exports application, settings',
  ]);
});

test("[E3] a module that throws at import: exit code 1 with the error shown once", async () => {
  const { exitCode, stdout, lines } = await runToEnd("refused.ts", { CASE: "throws" });
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(lines[0]).toBe('skitai: mount "modules/throwing": the module cannot be loaded, Error: no database');
  expect(lines.filter((line) => line === "error: no database")).toHaveLength(1);
  expect(lines.join("\n")).toContain(`${here}/modules/throwing.ts:2`);
});

test("[E3] all mounts that cannot be opened are named", async () => {
  const { exitCode, lines } = await runToEnd("refused.ts", { CASE: "two" });
  expect(exitCode).toBe(1);
  expect(lines.filter((line) => line.startsWith("skitai: ")).map((line) => line.split(":")[1])).toEqual([
    ' mount "modules/nameless"',
    ' mount "modules/throwing"',
  ]);
});

test("[E15] everything wrong with a script is said at once, one line each, and nothing listens", async () => {
  const { exitCode, stdout, lines } = await runToEnd("refused.ts", { CASE: "all" });
  expect([exitCode, stdout]).toEqual([1, ""]);
  const point = 'a path like "/" or "/v1", without "..", "//", "?" or "#"';
  expect(lines).toEqual([
    `skitai: mount: "v1" is not accepted; accepted: ${point}`,
    `skitai: mount: "/a/../b" is not accepted; accepted: ${point}`,
    'skitai: mount("/c"): 5 is not accepted; accepted: a handler, an app with .fetch, a directory, a module or package by name, or an imported one',
    'skitai: mount("/e") hosts: unknown option, known are host, maxClientBodySize, maxMultipartBodySize, maxUploadFileSize, debug, onError, tables, hooks',
    'skitai: mount("/e") maxClientBodySize: "10 mbb" is not accepted; accepted: bytes, or text like "64kb", "2gb"',
    'skitai: mount("/e") host: "a.com:80" is not accepted; accepted: host names without port, like "www.site1.com", "*.site1.com"',
    expect.stringMatching(/^skitai: prot: unknown option of run\(\), known are /) as string,
    'skitai: keepAlive: "soon" is not accepted; accepted: 1 to 255 seconds',
    `skitai: mount: "./no-such-directory" is not accepted; accepted: a directory or a module below ${here}`,
  ]);
});

test("[E16] paths are the script's, from any cwd", async () => {
  const before = process.cwd();
  process.chdir(tmpdir());
  try {
    await using elsewhere = await testClient(fixture("modules.ts"));
    expect((await elsewhere.get("/bare/")).text).toBe("app of app_v2");
    expect((await elsewhere.get("/files/readme.txt")).text).toBe("index.ts is text here\n");
    const where = { swd: here, cwd: here, path: `${here}/b.txt`, root: "/x" };
    expect((await elsewhere.get("/where/")).data).toEqual(where);
  } finally {
    process.chdir(before);
  }
});
