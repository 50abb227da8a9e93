import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Served } from "./served.ts";
import { install, openDirectory, skitai } from "./support.ts";

const directory = openDirectory();
const site = join(directory, "site");

beforeAll(() => {
  mkdirSync(join(site, "docs/deep"), { recursive: true });
  mkdirSync(join(site, "shown"));
  mkdirSync(join(directory, "outside"));
  install(directory);
  const files = {
    "site/docs/index.html": "<title>Docs</title>",
    "site/index.html": "<title>Home</title>",
    'site/shown/<img src=x onerror="a()">&.txt': "x",
    "site/shown/b.txt": "12345",
    "site/shown/.secret": "s",
    "site/shown/javascript:alert(1)": "j",
    "outside/file.txt": "out",
    "serve.ts": `import * as skitai from "skitai";
      skitai.addOption(null, "--word=WORD", "said");
      skitai.mount("/", () => Response.json([skitai.options.get("--word", "none"), import.meta.main, skitai.isDevel()]));
      await skitai.run({ name: "words" });`,
  };
  for (const [path, content] of Object.entries(files)) writeFileSync(join(directory, path), content);
  symlinkSync(join(directory, "outside"), join(site, "shown/out"));
  symlinkSync("b.txt", join(site, "shown/link.txt"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const get = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { redirect: "manual", ...init });

test("[Y3] serve answers with files, and shows no directories unless it is told to", async () => {
  await using served = await Served.start(["serve", "site"], { cwd: directory });
  expect(new URL(served.url).hostname).toBe("127.0.0.1");
  const home = await get(`${served.url}/`);
  expect([home.status, await home.text()]).toEqual([200, "<title>Home</title>"]);
  const part = await get(`${served.url}/shown/b.txt`, { headers: { range: "bytes=1-2" } });
  expect([part.status, await part.text(), part.headers.get("access-control-allow-origin")]).toEqual([
    206,
    "23",
    null,
  ]);
  for (const path of ["/shown/", "/shown", "/nowhere", "/shown/.secret", "/..%2foutside/file.txt"])
    expect([path, (await get(served.url + path)).status]).toEqual([path, 404]);
  expect((await get(`${served.url}/nowhere`, { method: "POST", body: "x" })).status).toBe(405);
  expect(await served.stop()).toBe(0);
});

test("[Y3] a listing shows what may be seen, and escapes what names say", async () => {
  await using served = await Served.start(["serve", "--listing", "site", "--workers=2"], { cwd: directory });
  const page = await get(`${served.url}/shown/`);
  const text = await page.text();
  expect(page.headers.get("content-security-policy")).toStartWith("default-src 'none'");
  expect(text).not.toContain("<img");
  const names = [...text.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map(([, link, name]) => [link, name]);
  expect(names.sort()).toEqual(
    [
      ["../", "../"],
      [
        "./%3Cimg%20src%3Dx%20onerror%3D%22a()%22%3E%26.txt",
        "&lt;img src=x onerror=&quot;a()&quot;&gt;&amp;.txt",
      ],
      ["./b.txt", "b.txt"],
      ["./javascript%3Aalert(1)", "javascript:alert(1)"],
      ["./link.txt", "link.txt"],
    ].sort(),
  );
  for (const [, link] of text.matchAll(/<a href="(\.\/[^"]*)">/g))
    expect((await get(new URL(link!, page.url).href)).status).toBe(200);
  const moved = await get(`${served.url}/shown?a=1`);
  expect([moved.status, moved.headers.get("location")]).toEqual([301, "/shown/?a=1"]);
  expect(await (await get(`${served.url}/docs/`)).text()).toBe("<title>Docs</title>");
  for (const path of ["/shown/out/", "/shown/../../", "/%2e%2e/", "//", "/shown/b.txt/"])
    expect((await get(served.url + path)).status).not.toBe(301);
  expect((await get(`${served.url}/shown/out/`)).status).toBe(404);
});

test("[Y3] --spa gives pages that are not there to the app, --cors lets all sites read", async () => {
  await using served = await Served.start(["serve", "site", "--spa", "--cors"], { cwd: directory });
  const page = await get(`${served.url}/users/7`, { headers: { accept: "text/html" } });
  expect([page.status, await page.text()]).toEqual([200, "<title>Home</title>"]);
  expect(page.headers.get("access-control-allow-origin")).toBe("*");
  for (const [path, accept] of [
    ["/gone.js", "*/*"],
    ["/users/7", "application/json"],
  ] as const)
    expect((await get(served.url + path, { headers: { accept } })).status).toBe(404);
  const file = await get(`${served.url}/shown/b.txt`);
  expect([await file.text(), file.headers.get("access-control-allow-origin")]).toEqual(["12345", "*"]);
  const etag = file.headers.get("etag")!;
  expect((await get(`${served.url}/shown/b.txt`, { headers: { "if-none-match": etag } })).status).toBe(304);
  const asked = await get(`${served.url}/shown/b.txt`, { method: "OPTIONS" });
  expect(asked.headers.get("access-control-allow-methods")).toContain("GET");
});

test("[Y3] serve and dev run a script as bun does, with the flags behind it", async () => {
  {
    await using served = await Served.start(["serve", "serve.ts", "--word=a b"], { cwd: directory });
    expect(await (await get(`${served.url}/`)).json()).toEqual(["a b", true, false]);
  }
  await using dev = await Served.start(["dev", "serve.ts", "--word", "dev"], { cwd: directory });
  expect(await (await get(`${dev.url}/`)).json()).toEqual(["dev", true, true]);
  const help = await skitai(["serve", "serve.ts", "--help"], directory);
  expect([help.exitCode, help.stdout.includes("--word=WORD")]).toEqual([0, true]);
  expect(await skitai(["dev", "serve.ts", "--wrd=1"], directory)).toMatchObject({
    exitCode: 1,
    stderr: "skitai: --wrd: unknown option, did you mean --word?",
  });
});

test("[Y3] proxy forwards to another server", async () => {
  using upstream = Bun.serve({
    port: 0,
    fetch: async (request) =>
      Response.json([request.method, new URL(request.url).pathname, await request.text()]),
  });
  await using served = await Served.start(["proxy", "--to", `http://127.0.0.1:${upstream.port}/v2/`], {
    cwd: directory,
  });
  const answer = await get(`${served.url}/pets/7`, { method: "POST", body: "hello" });
  expect(await answer.json()).toEqual(["POST", "/v2/pets/7", "hello"]);
});

test("[Y3] proxy forwards websockets", async () => {
  using upstream = Bun.serve({
    port: 0,
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("no", { status: 400 })),
    websocket: { message: (socket, text) => void socket.send(`echo ${text}`) },
  });
  await using served = await Served.start(["proxy", `--to=http://127.0.0.1:${upstream.port}`], {
    cwd: directory,
  });
  const socket = new WebSocket(served.url.replace("http", "ws"));
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => resolve(data);
  socket.onerror = () => reject(new Error("no websocket"));
  expect(await promise).toBe("echo hello");
  socket.close();
});

const wrong: readonly [words: string[], said: string][] = [
  [["serve", "gone"], "gone: there is no such directory or script"],
  [["serve", "site/index.html"], "site/index.html: is neither a directory nor a script"],
  [["serve", "site", "--lsting"], "--lsting: unknown option, did you mean --listing?"],
  [["serve", "site", "site"], "site: is a word too many"],
  [["serve", "site", "--port=many"], 'port: "many" is not accepted'],
  [["dev", "site"], "site: is a directory, name the script in it"],
  [
    ["proxy", "--to", "ftp://a/"],
    '--to: "ftp://a/" is not accepted; accepted: http://host:port or https://host:port',
  ],
  [["proxy", "--to", "http://user:word@a/"], '--to: "http://user:word@a/" is not accepted'],
  [["srve", "site"], "srve: unknown command, did you mean serve?"],
];
for (const [words, said] of wrong)
  test(`[Y3] skitai ${words.join(" ")} ends with one line that says why`, async () => {
    const { exitCode, stderr, stdout } = await skitai(words, directory);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(said);
  });
