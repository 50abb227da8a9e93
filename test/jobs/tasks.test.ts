import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { eventually, leftOf } from "../process/support.ts";

const directory = mkdtempSync(join(tmpdir(), "skitai-job-tasks-"));
const peer = Bun.serve({ port: 0, fetch: ({ url }) => new Response(`peer ${new URL(url).pathname}`) });
let cli: TestClient;
beforeAll(async () => {
  cli = await testClient(join(import.meta.dir, "fixtures/tasks.ts"), 0, {
    env: { PEER: `127.0.0.1:${peer.port}` },
  });
});
afterAll(async () => {
  await cli[Symbol.asyncDispose]();
  await peer.stop(true);
  rmSync(directory, { recursive: true });
});

const get = async (path: string, headers: Record<string, string> = {}): Promise<unknown> =>
  (await cli.get(path, { headers })).data;

test("[Q8] jobs and programs are tasks as all others, typed, with a filter", async () => {
  expect(await get("/both")).toEqual({ thread: 3, process: 7, program: "said" });
  expect(await get("/typed")).toEqual([3, "<3>", ["a", "b"]]);
});

test("[Q8] what goes wrong is in the result", async () => {
  expect(await get("/fail")).toMatchObject({ status: 3, statusCode: 500, code: "JOB_FAILED" });
  expect(await get("/exit")).toMatchObject({ status: 3, statusCode: 500, code: "JOB_CRASHED" });
  expect(await get("/program")).toEqual({
    status: 3,
    statusCode: 500,
    code: "SUBPROCESS_FAILED",
    message: "sh: ended with code 2: wrong",
  });
  expect(await get("/wrong")).toBe("JOB_INVALID");
});

test("[Q8] the timeout of a task ends its job and its program", async () => {
  expect(await get("/late")).toBe(1);
  const file = join(directory, "group");
  expect(await get("/late-program", { file })).toMatchObject({ status: 1 });
  expect(await leftOf(Number(readFileSync(file, "utf8")))).toEqual([]);
});

test("[Q8] a job may call backends, but start no jobs", async () => {
  expect(await get("/backend")).toEqual(["peer /a", "peer /b"]);
  expect(await get("/nested")).toMatchObject({
    code: "JOB_FAILED",
    message: expect.stringContaining("threads and processes are started by a worker"),
  });
});

test("[Q8] a job ends with its request when nobody else waits for it", async () => {
  const files = ["slow 1", "slow 2"].map((name) => join(directory, name));
  const controller = new AbortController();
  const { signal } = controller;
  // Every host there is.
  const asked = files.map((file) => fetch(`${cli.url}/slow?file=${encodeURIComponent(file)}`, { signal }));
  await eventually(() => files.every((file) => existsSync(file)));
  controller.abort();
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await get("/quick")).toBe(2);
});

test("[Q8] a job that is left in the background is finished by a worker that stops", async () => {
  const file = join(directory, "background");
  await using own = await testClient(join(import.meta.dir, "fixtures/tasks.ts"), 0, { grace: 10 });
  expect((await own.get(`/background?file=${file}`)).data).toBe("accepted");
  process.kill(own.pid!, "SIGTERM");
  await own[Symbol.asyncDispose]();
  expect(existsSync(file)).toBe(true);
});
