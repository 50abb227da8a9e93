import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { resolve } from "node:path";
import { testClient } from "../../src/testing/index.ts";
import { skitai } from "../cli/support.ts";
import { Project, TemporaryFiles } from "../process/devel-project.ts";
import { eventually, Service } from "../process/support.ts";
import { Client, fixture } from "./support.ts";

const script = Bun.fileURLToPath(fixture);

for (const workers of [2, 4])
  test(`[X1] ${workers} workers have their own clients, ids of all are unique`, async () => {
    await using client = await testClient(fixture, undefined, { host: "127.0.0.1", workers });
    const ids = new Set<string>();
    const prefixes = new Set<string>();
    for (let n = 0; n < 40; n++) {
      using each = await Client.open(`${client.url}/events`);
      await each.next();
      const id = String(await each.ask("id"));
      ids.add(id);
      prefixes.add(id.slice(0, id.lastIndexOf("-")));
    }
    expect(ids.size).toBe(40);
    expect(prefixes.size).toBe(workers);
  });

for (const signal of ["SIGTERM", "SIGHUP"] as const)
  test(`[X1] at ${signal} clients are closed with 1001, and the app is told`, async () => {
    await using service = await Service.ready("", {
      command: [process.execPath, script],
      args: ["--port=0"],
      env: { GRACE: "1" },
    });
    using client = await Client.open(await service.url("/events"));
    await client.next();
    using session = await Client.open(await service.url("/session"));
    await session.next();
    service.signal(signal);
    expect((await client.closed).code).toBe(1001);
    expect((await session.closed).code).toBe(1001);
    const said = (): boolean => (service.stdout.text + service.stderr.text).includes("closed 1001 ");
    await eventually(said);
  }, 20_000);

test("[O4] in development a websocket of another mount lives on over reloads", async () => {
  await using project = await Project.started(["--devel"], (files) =>
    files.edit(
      "serve.ts",
      'skitai.mount("/app", "app.ts");',
      'skitai.mount("/app", "app.ts");\nskitai.mount("/echo", skitai.websocket(skitai.WS_SIMPLE, 60, (text) => `${text} by ${process.pid}`));',
    ),
  );
  using client = await Client.open(await project.service.url("/echo"));
  const first = await client.ask("one");
  project.edit("app.ts", "app v0", "app v1");
  await project.live("/app/", "app v1");
  expect(await client.ask("one")).toBe(first);
  project.edit("app.ts", "app v1", "app v2");
  await project.live("/app/", "app v2");
  expect(await client.ask("one")).toBe(first);
  using fresh = await Client.open(await project.service.url("/echo"));
  expect(await fresh.ask("one")).not.toBe(first);
}, 20_000);

const single = `import * as skitai from "skitai";
skitai.mount("/echo", skitai.websocket(skitai.WS_SIMPLE, 60, (text) => "ECHO:" + text));
skitai.mount("/session", skitai.websocket(skitai.WS_SESSION, 60, async function* () {
  for (;;) {
    const message = yield;
    if (message === undefined) return;
    yield "session " + message;
  }
}));
await skitai.run({ name: "single", workers: 2 });
`;

test("[X1] the compiled executable serves websockets", async () => {
  using files = new TemporaryFiles({ "serve.ts": single });
  const root = resolve(import.meta.dir, "../..");
  files.save("node_modules/.keep", "");
  symlinkSync(root, files.path("node_modules/skitai"));
  const built = await skitai(["build", "serve.ts", "--outfile", "single"], files.path("."));
  expect([built.exitCode, built.stderr]).toEqual([0, ""]);
  await using client = await testClient(files.path("single"), undefined, { host: "127.0.0.1" });
  using echo = await Client.open(`${client.url}/echo`);
  expect(await echo.ask("x")).toBe("ECHO:x");
  using session = await Client.open(`${client.url}/session`);
  expect(await session.ask("x")).toBe("session x");
}, 30_000);
