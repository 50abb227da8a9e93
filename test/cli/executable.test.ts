import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { makeExecutable } from "../../scripts/release/executable.ts";
import { Served } from "./served.ts";
import { asNobody, eventually, isRoot, openDirectory, run } from "./support.ts";

const directory = openDirectory();
/** A root with nothing but what the loader needs, and the app. */
const root = join(directory, "root");
const app = join(root, "app");
const executable = join(root, "skitai");
const hono = Bun.fileURLToPath(new URL("../../node_modules/hono", import.meta.url));

/** A machine without Bun, Node and a shell's variables; of a user with a home of their own. */
const home = join(directory, "home");
const env = {
  PATH: "",
  HOME: home,
  XDG_CACHE_HOME: join(home, "cache"),
  XDG_RUNTIME_DIR: join(home, "run"),
  XDG_STATE_HOME: join(home, "state"),
  NODE_PATH: "",
};
const through = isRoot
  ? [
      "/usr/bin/env",
      "-i",
      ...Object.entries(env).map((pair) => pair.join("=")),
      "/usr/bin/setpriv",
      ...asNobody.slice(1),
    ]
  : ["/usr/bin/env", "-i", ...Object.entries(env).map((pair) => pair.join("="))];
const skitai = (...words: string[]) => run([...through, executable, ...words], app);
const start = (words: readonly string[], command = [...through, executable]) =>
  Served.start(words, { cwd: app, command });

const script = `import { Hono } from "hono";
import * as skitai from "skitai";
enum Greeting { hello = "Hello" }
const app = new Hono();
app.get("/", (c) => c.json({ said: Greeting.hello, main: import.meta.main, worker: process.pid }));
const double = skitai.job("double", (value: number) => value * 2);
app.get("/double", async (c) => c.text(String(await skitai.was.Thread(double, 21).fetch())));
skitai.mount("/", app);
skitai.mount("/v1", "./v1");
skitai.mount("/files", "./files");
await skitai.run({ name: "carried", address: "127.0.0.1" });
`;

const libraries = async (): Promise<string[]> =>
  [...(await run(["ldd", executable], "/")).stdout.matchAll(/(\/\S+) \(/g)].map(([, path]) => path!);

beforeAll(async () => {
  mkdirSync(join(app, "files"), { recursive: true });
  mkdirSync(join(app, "node_modules"));
  for (const path of ["cache", "run", "state"]) mkdirSync(join(home, path), { recursive: true, mode: 0o700 });
  if (isRoot) for (const path of ["", "cache", "run", "state"]) chownSync(join(home, path), 65534, 65534);
  cpSync(hono, join(app, "node_modules/hono"), { recursive: true });
  writeFileSync(join(app, "serve.ts"), script);
  writeFileSync(join(app, "v1.ts"), 'export const app = () => new Response("version one");');
  writeFileSync(join(app, "files/a.txt"), "a file");
  await makeExecutable(executable);
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function expectAnswers({ url }: Served, workers: number): Promise<void> {
  const pids = new Set<number>();
  await eventually(async () => {
    const answer = await fetch(`${url}/`, { headers: { connection: "close" } });
    const { worker, ...rest } = (await answer.json()) as { worker: number };
    expect(rest).toEqual({ said: "Hello", main: true } as object);
    return pids.add(worker).size === workers ? true : undefined;
  });
  const texts = ["/v1/", "/files/a.txt", "/double"].map(async (path) => (await fetch(url + path)).text());
  expect(await Promise.all(texts)).toEqual(["version one", "a file", "42"]);
}

test("[Y3] the executable says what it is, and unpacks itself once", async () => {
  const version = await skitai("--version");
  expect(version).toMatchObject({ exitCode: 0, stderr: "" });
  const place = join(home, "cache/skitai");
  const names = readdirSync(place);
  expect(names).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+-[0-9a-f]{16}$/)]);
  expect(names[0]).toStartWith(`${version.stdout}-`);
  await Promise.all([skitai("--help"), skitai("--version")]);
  expect(readdirSync(place)).toEqual(names);
}, 30_000);

for (const workers of [1, 4])
  test(`[Y3] a TypeScript app runs on a machine without Bun, ${workers} workers`, async () => {
    await using served = await start(["serve", "serve.ts", `--workers=${workers}`]);
    await expectAnswers(served, workers);
    expect(await served.stop()).toBe(0);
  }, 20_000);

test("[Y3] a saved file is live at once under dev", async () => {
  await using served = await start(["dev", "serve.ts"]);
  await expectAnswers(served, 1);
  writeFileSync(join(app, "v1.ts"), 'export const app = () => new Response("version two");');
  await eventually(async () =>
    (await (await fetch(`${served.url}/v1/`)).text()) === "version two" ? true : undefined,
  );
  writeFileSync(join(app, "v1.ts"), 'export const app = () => new Response("version one");');
}, 20_000);

test("[Y3] start, reload, status, restart and stop work as with bun", async () => {
  const port = await freePort();
  const call = (word: string) => skitai("serve", "serve.ts", word, `--port=${port}`, "--workers=2");
  try {
    const started = await call("start");
    expect([started.exitCode, started.stderr]).toEqual([0, ""]);
    const pid = /pid (\d+)/.exec(started.stdout)![1];
    expect(await call("reload")).toEqual({ exitCode: 0, stderr: "", stdout: "skitai/carried reloaded" });
    expect((await skitai("status", "carried", "--json")).stdout).toContain(`"pid":${pid}`);
    expect((await call("restart")).exitCode).toBe(0);
    expect((await fetch(`http://127.0.0.1:${port}/v1/`)).status).toBe(200);
    expect(await skitai("stop", "carried")).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: "skitai/carried stopped",
    });
  } finally {
    await call("stop");
  }
}, 30_000);

test("[Y3] build makes an executable of an app, without Bun", async () => {
  const outfile = join(home, "built");
  const made = await skitai("build", "serve.ts", "--outfile", outfile);
  expect(made).toMatchObject({ exitCode: 0, stderr: "" });
  await using served = await start([], [...through, outfile]);
  await expectAnswers(served, 1);
}, 30_000);

test("[Y3] init, cert and a file server work from the executable", async () => {
  expect((await skitai("init", join(home, "project"), "--template=plain")).exitCode).toBe(0);
  expect(existsSync(join(home, "project/serve.ts"))).toBe(true);
  expect((await skitai("cert", "--out", join(home, "certs"))).exitCode).toBe(0);
  await using served = await start(["serve", "files"]);
  expect(await (await fetch(`${served.url}/a.txt`)).text()).toBe("a file");
}, 20_000);

test("[Y1 Y3] an installed service is started by the executable", async () => {
  const image = join(home, "image");
  const made = await skitai(
    "install",
    "serve.ts",
    `--root=${image}`,
    "--port=5050",
    "--fallback-user=nobody",
  );
  expect([made.exitCode, made.stderr]).toEqual([0, ""]);
  const unit = await Bun.file(join(image, "etc/systemd/system/carried.service")).text();
  expect(/^ExecStart=(.*)$/m.exec(unit)?.[1]?.replaceAll('"', "")).toStartWith(
    `${executable} serve ${app}/serve.ts --port=5050`,
  );
}, 20_000);

test("[Y3] what others may write is not run", async () => {
  const open = join(directory, "open");
  mkdirSync(join(open, "skitai"), { recursive: true });
  chmodSync(join(open, "skitai"), 0o777);
  const words = isRoot ? asNobody : [];
  const said = await run([...words, executable, "--version"], app, {
    ...env,
    PATH: process.env["PATH"]!,
    XDG_CACHE_HOME: open,
    TMPDIR: open,
  });
  expect(readdirSync(join(open, "skitai"))).toEqual([]);
  if (isRoot)
    expect([
      said.exitCode,
      said.stderr.includes(`${open}/skitai (is not a directory that only this user may write)`),
    ]).toEqual([1, true]);
}, 20_000);

const canUnshare = isRoot && (await run(["unshare", "-m", "true"], "/")).exitCode === 0;
test.skipIf(!canUnshare)(
  "[Y3] in a root with libc, /proc and /dev/urandom only, it runs an app",
  async () => {
    for (const path of await libraries()) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      copyFileSync(path, join(root, path));
    }
    for (const path of ["proc", "tmp", "dev"]) mkdirSync(join(root, path), { recursive: true });
    expect((await run(["mknod", join(root, "dev/urandom"), "c", "1", "9"], "/")).exitCode).toBe(0);
    symlinkSync("/dev/urandom", join(root, "dev/random"));
    const enter = `mount -t proc proc "${root}/proc" && exec env -i "$(command -v chroot)" "${root}" /skitai "$@"`;
    await using served = await start(
      ["serve", "/app/serve.ts", "--workers=2"],
      ["unshare", "-m", "sh", "-c", enter, "sh"],
    );
    await expectAnswers(served, 2);
    expect(await served.stop()).toBe(0);
  },
  20_000,
);

function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { port: number };
    server.close(() => resolve(port));
  });
  return promise;
}
