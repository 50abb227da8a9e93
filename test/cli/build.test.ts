import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testClient, type TestOptions } from "../../src/testing/index.ts";
import {
  answersOf,
  asNobody,
  bigSize,
  eventually,
  isRoot,
  makeShop,
  openDirectory,
  plant,
  run,
  skitai,
} from "./support.ts";

const directory = openDirectory();
const sources = join(directory, "my shop (1)");
const place = join(directory, "place");
const elsewhere = join(directory, "elsewhere");
const executable = join(place, "shop");

let built: Awaited<ReturnType<typeof skitai>>;
let expected: Record<string, unknown>;

/** The executable, started from another directory by a user. */
function start(user: "root" | "nobody" | "me", options: TestOptions = {}): ReturnType<typeof testClient> {
  const wrapper = join(directory, `start-${user}`);
  const before = user === "nobody" ? asNobody.join(" ") : "";
  writeFileSync(wrapper, `#!/bin/sh\ncd ${elsewhere} && exec ${before} ${executable} "$@"\n`);
  chmodSync(wrapper, 0o755);
  return testClient(wrapper, undefined, {
    host: "127.0.0.1",
    ...options,
    env: { NODE_ENV: undefined, ...options.env },
  });
}

beforeAll(async () => {
  makeShop(sources);
  built = await skitai(["build", "my shop (1)/serve.tsx"], directory);
  {
    await using client = await testClient(join(sources, "serve.tsx"), undefined, {
      host: "127.0.0.1",
      env: { NODE_ENV: undefined },
    });
    expected = await answersOf(client);
  }
  for (const path of [place, elsewhere]) {
    mkdirSync(path);
    plant(path);
  }
  copyFileSync(join(directory, "shop"), executable);
  rmSync(join(directory, "shop"));
  renameSync(sources, join(directory, "gone"));
}, 30_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("[Y2] build says in one line what it made, and leaves nothing else behind", async () => {
  expect(built).toMatchObject({ exitCode: 0, stderr: "" });
  expect(built.stdout).toMatch(
    /^(?:✔|\[success\]) shop: 1\d\d\.\d MB in \d+\.\d s, with 2 modules and 14 files of 3 directories$/,
  );
  expect([
    ...new Bun.Glob(".skitai-build-*").scanSync({ cwd: directory, dot: true, onlyFiles: false }),
  ]).toEqual([]);
});

for (const [user, workers] of [["me", 1], ...(isRoot ? [["nobody", 4] as const] : [])] as const)
  test(`[Y2] the executable alone answers as bun serve.ts does: user ${user}, ${workers} workers`, async () => {
    await using client = await start(user, { workers });
    expect(await answersOf(client)).toEqual(expected);
    expect((await client.get("/main")).data).toEqual({
      main: true,
      mode: null,
      secret: null,
      preloaded: false,
      cwd: true,
    });
    const pids = new Set<string>();
    await eventually(async () => {
      const { text } = await client.get("/worker", { headers: { connection: "close" } });
      return pids.add(text).size === workers ? true : undefined;
    });
    const titles = [client.pid!, ...pids].map((pid) => titleOf(pid)).sort();
    expect(titles).toEqual([
      "shop:m skitai/shop: master",
      ...Array.from({ length: workers }, (_, index) => `shop:w${index} skitai/shop: worker #${index}`),
    ]);
    expect(await client.stop()).toBe(0);
  }, 20_000);

const titleOf = (pid: number | string): string =>
  `${readFileSync(`/proc/${pid}/comm`, "utf8").trim()} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0+$/, "")}`;

test("[Y2] entity tags of embedded files outlive a restart, and conditional requests meet them", async () => {
  const tags: (string | null)[] = [];
  for (const _ of [1, 2]) {
    await using client = await start("me");
    const etag = (await client.head("/big.bin")).headers.get("etag")!;
    tags.push(etag);
    expect((await client.get("/big.bin", { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await client.get("/big.bin", { headers: { "if-match": '"other"' } })).status).toBe(412);
    const part = await client.get("/big.bin", { headers: { "if-range": etag, range: "bytes=16-31" } });
    expect([part.status, part.text]).toEqual([206, "0123456789abcdef"]);
    const whole = await client.get("/big.bin", { headers: { "if-range": '"other"', range: "bytes=16-31" } });
    expect([whole.status, whole.bytes.length]).toEqual([200, bigSize]);
    const parts = await client.get("/big.bin", { headers: { range: "bytes=0-1,-2" } });
    expect([part.status, parts.text.match(/^(?:01|ef)\r?$/gm)?.length]).toEqual([206, 2]);
  }
  expect(tags[0]).toMatch(/^"[\w-]{22}"$/);
  expect(tags[1]).toBe(tags[0]!);
});

test("[Y2] a big embedded file is sent without being read into the worker's memory", async () => {
  await using client = await start("me", { workers: 1 });
  const pid = (await client.get("/worker")).text;
  const anonymous = (): number =>
    Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
  await client.get("/css/shop.css");
  const before = anonymous();
  const sizes = await Promise.all(
    Array.from({ length: 8 }, async () => (await client.get("/big.bin")).bytes.length),
  );
  expect(sizes).toEqual(Array.from({ length: 8 }, () => bigSize));
  expect(anonymous() - before).toBeLessThan(bigSize / 2);
});

test("[Y2] a killed worker is replaced by the executable itself", async () => {
  await using client = await start("me", { workers: 1 });
  const pid = (await client.get("/worker")).text;
  process.kill(Number(pid), "SIGKILL");
  const next = await eventually(async () =>
    fetch(`${client.url}/worker`).then(
      (response) => response.text(),
      () => undefined,
    ),
  );
  expect(next).not.toBe(pid);
  expect(titleOf(next)).toBe("shop:w0 skitai/shop: worker #0");
  expect((await client.get("/api/")).data).toEqual({ price: "9.00 EUR", self: "/api/" });
});

test("[Y2] Ctrl-C stops it, and the request log is written", async () => {
  const child = Bun.spawn([executable, "--port", "0", "--address", "127.0.0.1"], {
    cwd: elsewhere,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
    env: { ...process.env, SKITAI_TEST_PARENT: `${process.pid}` },
    ipc: (message: { url: string }) => ready.resolve(message.url),
  });
  const ready = Promise.withResolvers<string>();
  const url = await ready.promise;
  for (const path of ["/hello", "/css/shop.css", "/quiet"]) await (await fetch(url + path)).bytes();
  process.kill(-child.pid, "SIGINT");
  expect(await child.exited).toBe(0);
  const lines = (await child.stdout.text()).split("\n");
  expect(lines[0]).toBe(`skitai/shop serves ${url}/ from 2 workers`);
  const requests = lines.map((line) => / (GET \S+) 1\.1 \d+ (\d+) /.exec(line)?.slice(1).join(" "));
  expect(requests.filter(Boolean).sort()).toEqual(["GET /css/shop.css 200", "GET /hello 200"]);
});

test("[Y2] flags and exit codes are those of the script", async () => {
  const help = await run([executable, "--help"], elsewhere);
  expect(help).toMatchObject({ exitCode: 0, stderr: "" });
  expect(help.stdout).toStartWith("Usage: shop ");
  expect(help.stdout).toContain("--files=DIR");
  expect(await run([executable, "--prt", "1"], elsewhere)).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: "skitai: --prt: unknown option, did you mean --port?",
  });
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const busy = await run([executable, "--address", "127.0.0.1", "--port", `${taken.port}`], elsewhere);
  expect(busy).toMatchObject({ exitCode: 1, stdout: "" });
  expect(busy.stderr).toMatch(/^skitai: port \d+ of 127\.0\.0\.1: is in use[^\n]*$/);
});

test("[W6] the executable is its own process manager: start, status, restart, stop", async () => {
  const own = { SKITAI_RUN_DIRECTORY: join(directory, "run"), XDG_STATE_HOME: directory };
  const call = (word: string, ...words: string[]) =>
    run(
      [executable, word, "--name=built", `--port=${port}`, "--address=127.0.0.1", "--workers=1", ...words],
      elsewhere,
      own,
    );
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  const pids: string[] = [];
  for (const word of ["start", "restart"]) {
    const started = await call(word);
    expect({ ...started, stdout: "" }).toEqual({ exitCode: 0, stderr: "", stdout: "" });
    pids.push(/pid (\d+)/.exec(started.stdout)![1]!);
  }
  try {
    expect(pids[0]).not.toBe(pids[1]!);
    expect((await call("start")).stderr).toBe(`skitai: skitai/built runs already, pid ${pids[1]}`);
    const status = await call("status", "--json");
    expect(JSON.parse(status.stdout)).toMatchObject({
      pid: Number(pids[1]),
      workers: [{ state: "serving", requests: 0 }],
    });
    expect(await call("reload")).toEqual({ exitCode: 0, stderr: "", stdout: "skitai/built reloaded" });
    expect(await call("stop")).toEqual({ exitCode: 0, stderr: "", stdout: "skitai/built stopped" });
    expect((await call("status")).exitCode).toBe(3);
  } finally {
    await call("stop");
  }
});

test("[Y2] stack traces name the sources, NODE_ENV is the one of the run", async () => {
  await using client = await start("me", { args: ["--devel"], env: { NODE_ENV: "staging" } });
  expect((await client.get("/main")).data).toMatchObject({ mode: "staging" });
  await client.get("/api/fail");
  const place = /Error: no stock\n\s+at <anonymous> \(\S*my shop \(1\)\/api\/app\.ts:9:\d+\)/;
  await eventually(async () => place.exec(client.output) ?? undefined);
});

test("[Y2] a directory that is named at the start is read from disk, beside the executable", async () => {
  mkdirSync(join(place, "files"));
  writeFileSync(join(place, "files/new.txt"), "came later");
  await using client = await start("me", { args: ["--files", "files"] });
  expect((await client.get("/more/new.txt")).text).toBe("came later");
  expect((await client.get("/deep/")).text).toContain("<title>Deep</title>");
});

test("[Y2] --static disk reads beside the executable, which is replaced while it runs", async () => {
  await using old = await start("me");
  const gone = join(directory, "gone");
  const again = await skitai(
    ["build", "serve.tsx", "--static=disk", "--minify", "--outfile", executable],
    gone,
  );
  expect(again).toMatchObject({ exitCode: 0, stderr: "" });
  expect(again.stdout).toContain("with 2 modules and 0 files of 0 directories");
  expect((await old.get("/big.bin")).bytes.length).toBe(bigSize);
  const missing = await run([executable, "--port", "0"], elsewhere);
  expect(missing.exitCode).toBe(1);
  expect(missing.stderr).toContain('mount: "./static" is not accepted');
  renameSync(join(gone, "static"), join(place, "static"));
  writeFileSync(join(place, "static/page.html"), "changed since");
  await using client = await start("me");
  expect((await client.get("/page.html")).text).toBe("changed since");
  expect((await client.get("/api/")).data).toEqual({ price: "9.00 EUR", self: "/api/" });
  // Its parameters' names, which tell a Node-style app, are not shortened.
  expect((await client.get("/node/")).text).toBe("node style");
}, 20_000);
