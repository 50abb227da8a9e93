import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { testClient } from "../src/testing/index.ts";

const root = resolve(import.meta.dir, "..");
const readme = await Bun.file(join(root, "README.md")).text();
/** Below the package, so that the examples resolve what a user has installed. */
const folder = mkdtempSync(join(import.meta.dir, ".docs-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Fenced blocks of one language: name behind it (`ts serve.ts`) and text. */
const blocks = (language: string): { name: string; text: string }[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}(?: (\\S+))?\\n(.*?)^\`\`\`$`, "gms"))].map(
    ([, name = "", text = ""]) => ({ name, text }),
  );

async function writeTour(): Promise<void> {
  for (const { name, text } of blocks("ts").filter(({ name }) => name))
    await Bun.write(join(folder, name), text);
  for (const version of ["app_v1", "app_v2"])
    await Bun.write(join(folder, version, "app.ts"), `export const app = () => new Response("${version}");`);
  mkdirSync(join(folder, "static"), { recursive: true });
  await Bun.write(join(folder, "static/a.txt"), "a file");
}

test("[E1 E2 E3 V1] the README's tour runs and passes its own test", async () => {
  await writeTour();
  await using cli = await testClient(join(folder, "serve.ts"));
  const answers = await Promise.all(
    ["/hello", "/ping", "/v1/", "/v2/", "/a.txt"].map(async (path) => (await cli.get(path)).text),
  );
  expect(answers).toEqual(["Hello World", "pong", "app_v1", "app_v2", "a file"]);
  expect((await cli.get("/pets/7")).data).toMatchObject({ id: "7", url: "/pets/7" });
  const run = Bun.spawn([process.execPath, "test", "./pets.test.ts"], {
    cwd: folder,
    stderr: "pipe",
    stdout: "ignore",
  });
  expect(await new Response(run.stderr).text()).toContain("1 pass");
});

test("[D2 D4 Q2 Q4 Q6] the README's petstore asks a database and a server", async () => {
  await writeTour();
  const prices = Bun.serve({
    port: 0,
    fetch: ({ url }) => Response.json(`price of ${new URL(url).pathname}`),
  });
  const file = join(folder, "petstore.ts");
  const text = await Bun.file(file).text();
  // The second member is down: nobody notices.
  await Bun.write(
    file,
    text.replace("127.0.0.1:5001", `127.0.0.1:${prices.port}`).replace("127.0.0.1:5002", "127.0.0.1:1"),
  );
  await using cli = await testClient(file);
  const names = async (): Promise<string[]> =>
    (await cli.get<{ name: string }[]>("/pets")).data.map(({ name }) => name);
  expect(await names()).toEqual([]);
  for (const [name, age] of [
    ["Rex", 7],
    ["Bob", 1],
    ["Ann", 3],
  ])
    expect((await cli.post("/pets", { name, age })).status).toBe(201);
  expect(await names()).toEqual(["Rex", "Ann"]);
  expect((await cli.get("/pets/x")).status).toBe(404);
  expect((await cli.post("/pets", { name: "Eve" })).status).toBe(400);
  expect((await cli.get("/pets/1")).data).toEqual({
    pet: { id: 1, name: "Rex", age: 7 },
    price: "price of /pets/1",
  });
  expect((await cli.get("/pets/9")).status).toBe(410);
  expect((await cli.post("/pets", { name: "Eve", age: 9, id: 99, "x; drop": 1 })).data).toEqual({ id: 4 });
  expect(await names()).toEqual(["Eve", "Rex", "Ann"]);
  expect((await cli.post("/reports", {})).status).toBe(202);
  await prices.stop(true);
});

function makeCertificate(): void {
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const command = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    ...files,
  ];
  expect(Bun.spawnSync(command, { stderr: "ignore" }).exitCode).toBe(0);
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  probe.stop(true);
  return probe.port;
}

for (const [i, { text }] of blocks("ts")
  .filter(({ name }) => !name)
  .entries()) {
  test(`[O1 E6 E10 E11 E14 L3 S2 T1] example ${i + 1} of the README is accepted`, async () => {
    const ssl = text.includes("enableSsl");
    if (ssl) makeCertificate();
    // As an ordinary user the test cannot have port 80, nor can two tests.
    const example = text.replace("(80, 443)", `(${freePort()}, 443)`).replace("3128", `${freePort()}`);
    const prelude = `import express from "express"; import * as skitai from "skitai";
      const [app, uploads, api] = [1, 2, 3].map(() => ({ fetch: () => new Response("ok") }));
      skitai.mount("/docs", app);`;
    const file = join(folder, `example-${i}.ts`);
    await Bun.write(
      file,
      `${prelude}\n${example}\nvoid [uploads, api, express]; await skitai.run({ port: 0 });`,
    );
    await using cli = await testClient(file, 0, { ssl });
    expect((await cli.get("/docs/")).text).toBe("ok");
  });
}

test("[O2] every flag the README names is in --help, and every option is there with its variable", async () => {
  await writeTour();
  const help = Bun.spawn([process.execPath, "serve.ts", "--help"], { cwd: folder, stdout: "pipe" });
  const text = await new Response(help.stdout).text();
  const flags = blocks("sh").flatMap(({ text }) =>
    [...text.matchAll(/bun serve\.ts.*?(--[a-z-]+)/g)].map((match) => match[1]!),
  );
  expect(flags.length).toBeGreaterThan(2);
  for (const flag of flags) expect(text).toContain(flag);
  const { optionNames, variableOf } = await import("../src/config/options.ts");
  for (const name of optionNames) expect(text).toContain(variableOf(name));
});
