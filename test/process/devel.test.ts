import {
  closeSync,
  existsSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { expect, test } from "bun:test";
import { LoadedFiles } from "../../src/process/devel-files.ts";
import { Project, TemporaryFiles } from "./devel-project.ts";
import { StrictLoad } from "./reload-load.ts";
import { eventually, statOf } from "./support.ts";

const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const failed = "reload failed, the version before it serves on: ";

test("[O4] what is saved is live, and meanwhile nothing is refused", async () => {
  await using project = await Project.started();
  const load = new StrictLoad(await project.service.port()).fresh(2).kept(2);
  for (const [file, path, word] of [
    ["app.ts", "/app/", "app"],
    ["sub/part.ts", "/app/part", "part"],
    ["note.txt", "/app/note", "note"],
    ["later.ts", "/app/later", "later"],
    ["node_modules/unsub/app.ts", "/unsub/", "package"],
    ["packages/shared/app.ts", "/shared/", "workspace"],
    ["serve.ts", "/", "script"],
  ] as const) {
    // One is imported when a request asks for it.
    expect(await project.get(path)).toBe(`${word} v0`);
    project.edit(file, `${word} v0`, `${word} v1`);
    await project.live(path, `${word} v1`);
  }
  await load.end();
  expect(load.failures).toEqual([]);
  expect([...load.seen].sort()).toEqual(["script v0", "script v1"]);
  expect(project.count(failed)).toBe(0);
}, 20_000);

test("[O4] static files, files that apps read and untouched contents need no reload", async () => {
  await using project = await Project.started();
  const workers = await project.service.workers();
  project.save("static/page.html", "<h1>static v1</h1>");
  project.save("template.txt", "template v1");
  utimesSync(project.path("app.ts"), new Date(), new Date());
  project.save("serve.ts", project.text("serve.ts"));
  expect(await project.get("/static/page.html")).toBe("<h1>static v1</h1>");
  expect(await project.get("/app/template")).toBe("template v1");
  await Bun.sleep(400);
  expect(await project.service.workers()).toEqual(workers);
  expect(project.count("reload")).toBe(0);
});

test("[O4] a syntax error is said once in the terminal and below pages, and other clients get what they expect", async () => {
  await using project = await Project.started();
  project.save("sub/part.ts", 'export const ok = 1;\nexport const part = <b "v1";\n');
  await project.said(failed);
  const place = `${project.path("sub/part.ts")}:2:`;
  const page = await eventually(async () => {
    const answer = await project.ask("/app/page", {
      ...html,
      "if-none-match": '"1"',
      "accept-encoding": "gzip",
    });
    return answer.headers.has("x-skitai-reload-error") && answer;
  });
  const text = await page.text();
  expect(page.status).toBe(200);
  expect(text).toStartWith("<!doctype html><h1>Page</h1>");
  expect(text).toContain(place);
  expect(text).toContain("&lt;b &quot;v1&quot;");
  expect(text).not.toContain('<b "v1"');
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(page.headers.get("etag")).toBeNull();
  expect(await (await project.ask("/static/page.html", html)).text()).toContain("skitai-reload-error");

  const data = await project.ask("/app/data");
  expect(data.headers.get("x-skitai-reload-error")).toContain(place);
  expect(data.headers.get("content-length")).toBe("18");
  expect(await data.json()).toEqual({ part: "part v0" });
  // What a script of the page fetches is no page.
  const fragment = await project.ask("/app/page", { ...html, "sec-fetch-mode": "cors" });
  expect(await fragment.text()).toBe("<!doctype html><h1>Page</h1>");
  await Bun.sleep(100);
  expect(project.count(place)).toBe(1);
  expect(project.count(failed)).toBe(1);

  project.save("sub/part.ts", 'export const part = "part v2";\n');
  await project.live("/app/part", "part v2");
  const healed = await project.ask("/app/page", html);
  expect(healed.headers.has("x-skitai-reload-error")).toBe(false);
  expect(await healed.text()).toBe("<!doctype html><h1>Page</h1>");
});

test("[O4] a script that does not parse, throws or ends leaves the last version serving, and is mended", async () => {
  await using project = await Project.started();
  const script = project.text("serve.ts");
  const shown = (text: string): Promise<unknown> =>
    eventually(async () => (await project.ask("/")).headers.get("x-skitai-reload-error")?.includes(text));
  project.save("serve.ts", `${script}\nfoo(;\n`);
  await shown(`${project.path("serve.ts")}:16:`);
  project.edit("serve.ts", "\nfoo(;\n", "");
  project.edit("serve.ts", "await skitai.run", "throw new Error('<no>'); await skitai.run");
  await shown(`error: <no> (${project.path("serve.ts")}:14:`);
  project.save("serve.ts", "process.exit(0);\n");
  await shown("exit code 0");
  expect(await project.get("/")).toBe("script v0");
  expect([project.count("foo(;"), project.count("error: <no>"), project.count(failed)]).toEqual([1, 1, 3]);
  project.save("serve.ts", script.replace("script v0", "script v1"));
  await project.live("/", "script v1");
}, 15_000);

test("[O4] a file that is missing mends the version that fails for want of it, wherever it is", async () => {
  await using project = await Project.started();
  project.save("sub/part.ts", 'export { part } from "./new/deep/other.js";\n');
  await project.said(failed);
  project.save("sub/new/deep/other.ts", 'export const part = "found";\n');
  await project.live("/app/part", "found");
  project.edit("serve.ts", 'skitai.mount("/app"', 'skitai.mount("/more", "more/app"); skitai.mount("/app"');
  await project.said(failed, 2);
  expect(await project.get("/app/part")).toBe("found");
  project.save("more/app.ts", 'export const app = () => new Response("more");\n');
  await project.live("/more/", "more");
}, 15_000);

test("[O4] a stream that is open lives on over reloads, and ends with the service", async () => {
  await using project = await Project.started(["--devel", "--grace-timeout=0.3"]);
  const stream = (await project.ask("/events")).body!.pipeThrough(new TextDecoderStream() as never);
  const reader = stream.getReader();
  const last = async (): Promise<number> => {
    const { value, done } = await reader.read();
    return done ? -1 : Number(/data: (\d+)\n\n$/.exec(String(value))?.[1]);
  };
  for (const version of ["one", "two"]) {
    project.save("sub/part.ts", `export const part = "${version}";\n`);
    await project.live("/app/part", version);
  }
  // Longer than the grace time of a stop.
  const end = performance.now() + 700;
  for (let before = -1, now = await last(); performance.now() < end; before = now, now = await last())
    expect(now).toBeGreaterThan(before);
  project.service.signal("SIGINT");
  expect((await project.service.ended()).code).toBe(0);
  expect(await project.service.left()).toEqual([]);
});

test("[O4] files are saved in many ways, and gone for a while", async () => {
  await using project = await Project.started();
  const part = project.path("sub/part.ts");
  const text = (version: string): string => `export const part = "${version}";\n`;
  project.save("sub/part.ts~", text("renamed"));
  renameSync(`${part}~`, part);
  await project.live("/app/part", "renamed");

  const file = openSync(part, "w");
  await Bun.sleep(100);
  writeSync(file, text("truncated first"));
  closeSync(file);
  await project.live("/app/part", "truncated first");

  rmSync(part);
  await project.said(failed);
  expect(await project.get("/app/part")).toBe("truncated first");
  project.save("sub/part.ts", text("made anew"));
  await project.live("/app/part", "made anew");

  renameSync(project.path("sub"), project.path("gone"));
  await project.said(failed, 2);
  renameSync(project.path("gone"), project.path("sub"));
  await project.live("/app/part", "made anew");
  await project.said("reloaded in", 4);
  // One in the place of another at once, as a checkout does.
  renameSync(project.path("sub"), project.path("old"));
  project.save("sub/part.ts", text("another directory"));
  await project.live("/app/part", "another directory");
  await project.said("reloaded in", 5);
  project.save("sub/part.ts", text("watched as well"));
  await project.live("/app/part", "watched as well");
}, 15_000);

test("[O4] the last of many saves wins, and a version that hangs is given up for it", async () => {
  await using project = await Project.started();
  for (let n = 1; n <= 30; n++) {
    project.save("sub/part.ts", `export const part = "save ${n}";\n`);
    await Bun.sleep(n % 3 === 0 ? 45 : 5);
  }
  await project.live("/app/part", "save 30");
  await Bun.sleep(150);
  expect(await project.get("/app/part")).toBe("save 30");
  project.save(
    "sub/part.ts",
    `await Bun.write(import.meta.dir + "/hangs", "");
    await new Promise((done) => setTimeout(done, 60_000));
    export const part = 0;`,
  );
  await eventually(() => existsSync(project.path("sub/hangs")));
  expect(await project.get("/app/part")).toBe("save 30");
  project.save("sub/part.ts", 'export const part = "no more";\n');
  await project.live("/app/part", "no more");
  await eventually(async () => (await project.service.workers()).length === 2);
  expect(project.count(failed)).toBe(0);
}, 15_000);

test("[O4] saves, a reload by hand and a stop go together", async () => {
  await using project = await Project.started();
  project.save("sub/part.ts", 'export const part = "by hand";\n');
  project.service.signal("SIGHUP");
  await project.live("/app/part", "by hand");
  project.save("sub/part.ts", 'export const part = "again";\n');
  await eventually(async () => (await project.service.workers()).length > 2);
  project.service.signalGroup("SIGINT");
  expect((await project.service.ended()).code).toBe(0);
  expect(project.count(failed)).toBe(0);
  expect(await project.service.left()).toEqual([]);
});

test("[O4] mounts of the script change by a reload, options by a restart only, and that is said", async () => {
  await using project = await Project.started();
  const answer =
    "skitai.mount('/new', () => new Response('new'));\nawait skitai.run({ port: 81, silent: true, ";
  project.edit("serve.ts", "await skitai.run({ ", answer);
  await project.live("/new", "new");
  await project.said("port, silent changed in serve.ts: a restart is needed");
  project.edit("serve.ts", "script v0", "script v1");
  await project.live("/", "script v1");
  expect(project.count("a restart is needed")).toBe(1);
});

test("[E8] without --devel only a mount with useReloader is watched, with what it imports", async () => {
  await using project = await Project.started([], (project) => {
    project.edit("serve.ts", '"app.ts"', '"app.ts", skitai.preference({ useReloader: true })');
  });
  const workers = await project.service.workers();
  project.edit("serve.ts", "script v0", "script v1");
  project.edit("packages/shared/app.ts", "workspace v0", "workspace v1");
  await Bun.sleep(300);
  expect(await project.service.workers()).toEqual(workers);
  project.edit("sub/part.ts", "v0", "v1");
  await project.live("/app/part", "part v1");
  project.save("sub/part.ts", "export const part = ;\n");
  await project.said(failed);
  const page = await project.ask("/app/page", html);
  expect(page.headers.has("x-skitai-reload-error")).toBe(false);
  expect(await page.text()).toBe("<!doctype html><h1>Page</h1>");
});

test("[O4] without either nothing is watched", async () => {
  await using project = await Project.started([]);
  const workers = await project.service.workers();
  project.edit("sub/part.ts", "v0", "v1");
  await Bun.sleep(300);
  expect(await project.service.workers()).toEqual(workers);
  expect(await project.get("/app/part")).toBe("part v0");
});

test("[O4] watching takes no time while nothing happens", async () => {
  await using project = await Project.started();
  const ticks = async (): Promise<number> => {
    const fields = await statOf(project.service.pid);
    return Number(fields[11]) + Number(fields[12]);
  };
  await Bun.sleep(300);
  const before = await ticks();
  await Bun.sleep(1000);
  expect((await ticks()) - before).toBeLessThanOrEqual(1);
});

test("[O4] what counts as a change of a file", () => {
  using directory = new TemporaryFiles({ "a.ts": "a", "b.ts": "b" });
  const [a, b, c] = ["a.ts", "b.ts", "c"].map((name) => directory.path(name)) as [string, string, string];
  const files = new LoadedFiles();
  expect(files.add([a], Date.now() + 1000)).toBe(false);
  // Loaded long ago, written since.
  expect(files.add([b], 0)).toBe(true);
  expect(files.changed()).toEqual([b]);
  files.settle();
  files.want([c]);
  expect(files.changed()).toEqual([]);
  utimesSync(a, 1, 1);
  expect(files.changed()).toEqual([]);
  writeFileSync(a, "");
  expect([files.changed(), files.emptied()]).toEqual([[a], true]);
  writeFileSync(a, "x");
  expect([files.changed(), files.emptied()]).toEqual([[a], false]);
  files.settle();
  rmSync(b);
  writeFileSync(`${c}.tsx`, "c");
  expect(files.changed()).toEqual([b, c]);
  files.settle();
  // What is mounted or imported by name and goes is noticed by its file.
  rmSync(`${c}.tsx`);
  expect(files.changed()).toEqual([]);
  expect([files.concerns(a), files.concerns(`${c}.js`), files.concerns(directory.path("d.ts"))]).toEqual([
    true,
    true,
    false,
  ]);
});
