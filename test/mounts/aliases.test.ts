import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../cli/support.ts";

const folder = mkdtempSync(join(tmpdir(), "skitai-aliases-"));
afterAll(() => rmSync(folder, { recursive: true }));
const engine = new URL("../../src/index.ts", import.meta.url).pathname;

/** What a script with these statements says on its way out. */
async function refusal(statements: string): Promise<string> {
  const file = join(folder, "wrong.ts");
  const text = `import * as skitai from ${JSON.stringify(engine)};
    skitai.alias("@up", skitai.PROTO_HTTP, "127.0.0.1:1");
    skitai.alias("@db", skitai.DB_SQLITE3, ":memory:");
    ${statements}
    await skitai.run({ port: 0 });`;
  writeFileSync(file, text);
  const { exitCode, stderr } = await run([process.execPath, file], folder);
  expect(exitCode).toBe(1);
  return stderr.split("\n").find((line) => line.startsWith("skitai: ")) ?? stderr;
}

test("[P1] a path behind an alias that is none, or another one to the upstream, is refused", async () => {
  for (const path of [
    "/../b",
    "/b?x=1",
    "/b#x",
    "/a b",
    "//",
    "/a//b",
    "/%2e%2e/b",
    "/a\\r\\nX: y",
    "/b//",
  ]) {
    expect(await refusal(`skitai.mount("/x", "@up${path}");`)).toBe(
      `skitai: mount("/x"): "@up${path}" is not accepted; accepted: a path behind @up like "@up/v2": percent-encoded, without "..", "//" and query`,
    );
  }
}, 30_000);

test("[G1] a database has no paths: one would be ignored", async () => {
  expect(await refusal('skitai.mount("/x", "@db/photos", { tables: { photos: ["id"] } });')).toBe(
    'skitai: mount("/x"): "@db/photos" is not accepted; accepted: "@db" without a path: tables are named by the option tables',
  );
});

test("[P1] an alias that there is not is called one", async () => {
  expect(await refusal('skitai.mount("/x", "@down/v2");')).toEndWith(", or what alias() has declared");
});
