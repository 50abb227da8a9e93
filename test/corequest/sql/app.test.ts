import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestClient, testClient } from "../../../src/testing/index.ts";
import { install, openDirectory, skitai } from "../../cli/support.ts";
import { type PostgresServer, postgresInstalled, startPostgres } from "../../support/postgres.ts";

const directory = openDirectory();
let server: PostgresServer;
beforeAll(async () => {
  install(directory);
  copyFileSync(join(import.meta.dir, "fixtures/pets.ts"), join(directory, "pets.ts"));
  if (postgresInstalled) server = await startPostgres();
}, 20_000);
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const start = (script: string, file: string): Promise<TestClient> =>
  testClient(script, undefined, {
    host: "127.0.0.1",
    workers: 2,
    env: { NODE_ENV: undefined, SQL_SERVER: server?.url, SQL_FILE: file },
  });

async function serves(client: TestClient, name: string): Promise<void> {
  const get = async (path: string) => {
    const { status, data } = await client.get(`/${name}/${path}`);
    return [status, data];
  };
  expect(await get("create")).toEqual([200, "created"]);
  const ids = Array.from({ length: 30 }, (_, id) => id + 1);
  expect(await Promise.all(ids.map((id) => get(`add/${id}`)))).toEqual(ids.map(() => [200, "added"]));
  expect(await Promise.all(ids.map((id) => get(`get/${id}`)))).toEqual(
    ids.map((id) => [200, { id, name: `pet ${id}` }]),
  );
  expect(await get("both")).toEqual([200, { count: [{ n: 30 }], one: [{ a: 1 }] }]);
  expect(await Promise.all([1, 2, 3, 4].map(() => get("long/10000")))).toEqual(
    Array(4).fill([200, { n: 10_000 }]),
  );
  expect((await get("get/99"))[0]).toBe(410);
  const [status, problem] = await get("add/1");
  expect([status, JSON.stringify(problem)]).toEqual([409, expect.not.stringMatching(/127\.0|pets|insert/)]);
  expect((await get("wrong"))[0]).toBe(500);
  expect(await get("later/50")).toEqual([202, "later"]);
  for (const end = Date.now() + 4000; (await get("get/50"))[0] !== 200; await Bun.sleep(10))
    if (Date.now() > end) throw new Error("what was left to itself did not end");
}

const names = postgresInstalled ? ["lite", "pg", "js"] : ["lite"];

test("[D1] an app of two workers on every database", async () => {
  await using client = await start(join(directory, "pets.ts"), "app.db");
  for (const name of names) await serves(client, name);
}, 30_000);

test("[D3] what a handler left open is rolled back some seconds after its answer, with a warning that says where", async () => {
  await using client = await start(join(directory, "pets.ts"), "forgotten.db");
  await client.get("/lite/create");
  expect((await client.get("/lite/forget/1")).status).toBe(200);
  expect((await client.get("/lite/add/1")).status).toBe(200);
  for (const end = Date.now() + 4000; !client.output.includes("[warn"); await Bun.sleep(10))
    if (Date.now() > end) break;
  expect(client.output).toMatch(
    /\[warn.*\] transaction on @lite, begun at .*pets\.ts:\d+:\d+\)?, is rolled back: its request was answered/,
  );
}, 30_000);

describe("[Y2] compiled", () => {
  test("[D1] the executable has all drivers", async () => {
    const built = await skitai(["build", "pets.ts"], directory);
    expect(built).toMatchObject({ exitCode: 0, stderr: "" });
    const place = openDirectory();
    try {
      const executable = join(place, "pets");
      copyFileSync(join(directory, "pets"), executable);
      chmodSync(executable, 0o755);
      if (postgresInstalled) await server.restart();
      await using client = await start(executable, "compiled.db");
      if (postgresInstalled) await client.get("/pg/create");
      await serves(client, "lite");
      for (const name of names.slice(1)) expect((await client.get(`/${name}/both`)).status).toBe(200);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  }, 60_000);
});
