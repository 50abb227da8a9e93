import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { fixture, runToEnd } from "./support.ts";

let cli: TestClient;
beforeAll(async () => void (cli = await testClient(fixture("preference.ts"))));
afterAll(() => cli.stop());

test("[E8] config is merged key by key into app.config, and is on context.config", async () => {
  const config = { changed: 2, added: 3 };
  expect((await cli.get("/v1/")).data).toEqual({ own: { kept: 1, ...config }, config });
  expect((await cli.get("/none")).data).toEqual({});
});

test("[E8] body limits and debug of the app", async () => {
  expect((await cli.post("/v1/", "0123456789")).text).toBe("10");
  expect((await cli.post("/v1/", "0123456789a")).status).toBe(413);
  expect((await cli.get("/v1/boom")).text).toContain("boom of app");
});

test("[E8] a module extends a Hono app below its point", async () => {
  expect((await cli.get("/v1/apis")).text).toBe("index of /apis");
  expect((await cli.get("/v1/apis/config")).data).toEqual({ changed: 2, added: 3 });
  expect((await cli.get("/v1/more/45")).text).toBe("45");
  expect((await cli.get("/apis")).status).toBe(404);
  expect((await cli.get("/v1/config")).status).toBe(404);
  const { status, text } = await cli.get("/v1/apis/boom");
  expect([status, text.includes("boom of apis")]).toEqual([500, true]);
});

test("[E8] another app is handed over itself, with the point", async () => {
  expect((await cli.get("/plain/apis")).text).toBe("app itself, /apis");
});

test("[E8] path is where the names of the mount start from", async () => {
  expect((await cli.get("/other")).data).toEqual({ from: "other" });
  expect((await cli.get("/files/note.txt")).text).toBe("a note\n");
});

test("[E8] everything wrong with a preference is said, one line each", async () => {
  const { exitCode, lines } = await runToEnd("preference.ts", { CASE: "wrong" });
  expect(exitCode).toBe(1);
  const known =
    "host, maxClientBodySize, maxMultipartBodySize, maxUploadFileSize, debug, onError, tables, hooks";
  expect(lines).toEqual([
    'skitai: mount("/wrong") useReloader: 1 is not accepted; accepted: true or false',
    'skitai: mount("/wrong") config: 5 is not accepted; accepted: an object',
    'skitai: mount("/wrong") path: 6 is not accepted; accepted: a directory',
    'skitai: mount("/wrong") maxClientBodySize: "x" is not accepted; accepted: bytes, or text like "64kb", "2gb"',
    `skitai: mount("/plain-options") config: unknown option, known are ${known}`,
    'skitai: pref.mount: "apis" is not accepted; accepted: a path like "/" or "/v1", without "..", "//", "?" or "#"',
    'skitai: pref.mount("/apis"): {} is not accepted; accepted: an imported module that exports a function __mount__',
  ]);
});
