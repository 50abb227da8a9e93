import { afterAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { openDirectory } from "../../src/static/directory.ts";
import { SkitaiError } from "../../src/errors.ts";
import { DiskSource } from "../../src/static/disk.ts";
import { hostilePaths } from "./hostile-paths.ts";
import { optionsWith, rawRequest, serveRoot, temporary, writeFiles } from "./served.ts";

const SECRET = "TOP-SECRET-OUTSIDE";
const outer = temporary();
const root = join(outer.path, "public");

writeFiles(outer.path, {
  "/secret.txt": SECRET,
  "/public-old/secret.txt": SECRET,
  "/outside/secret.txt": SECRET,
  "/outside/index.html": SECRET,
  "/public/index.html": "home",
  "/public/.env": SECRET,
  "/public/.git/config": SECRET,
  "/public/sub/.htpasswd": SECRET,
  "/public/sub/a.txt": "inside",
  "/public/.well-known/.env": SECRET,
});
symlinkSync("../secret.txt", join(root, "link-file"));
symlinkSync(join(outer.path, "secret.txt"), join(root, "link-absolute"));
symlinkSync("../outside", join(root, "link-directory"));
symlinkSync("../public-old", join(root, "link-prefix"));
symlinkSync("/", join(root, "link-root"));
symlinkSync("link-file", join(root, "link-link"));
symlinkSync("loop", join(root, "loop"));
symlinkSync("/dev/zero", join(root, "link-device"));
symlinkSync("/proc/self/environ", join(root, "link-proc"));
execFileSync("mkfifo", [join(root, "fifo")]);
const socket = createServer().listen(join(root, "socket"));

const site = serveRoot(root);
afterAll(() => {
  socket.close();
  site[Symbol.dispose]();
  outer[Symbol.dispose]();
});

const hostile = hostilePaths(outer.path);

/** What Bun makes harmless before we see it: `/sub/a.txt/..` is `/sub/`, which has no index either. */
const resolvedInside = new Map([["/secret.txt%00/../index.html", "home"]]);

describe("[S4] no path leaves the root", () => {
  test.each(hostile.map((path, i) => [i, path.slice(0, 60), path] as const))(
    "raw #%d %s",
    async (_i, _shown, path) => {
      const answer = await rawRequest(site.port, path);
      expect(answer).not.toContain(SECRET);
      expect(answer).not.toContain("root:x:");
      expect(answer).not.toMatch(/set-cookie|PATH=/i);
      const inside = resolvedInside.get(path);
      if (inside !== undefined) expect(answer).toEndWith(inside);
      else expect(answer).toMatch(/^HTTP\/1\.1 (404|400|505)/);
    },
  );

  test.each(hostile.map((path, i) => [i, path.slice(0, 60), path] as const))(
    "not normalised #%d %s",
    (_i, _shown, path) => {
      expect(site.directory.respond(path, "", new Request(site.url("/")))).toBeUndefined();
      expect(site.directory.has(path)).toBe(false);
    },
  );

  test("[S4] there are at least 60 of them", () => {
    expect(hostile.length).toBeGreaterThanOrEqual(60);
  });
});

const friendly: Record<string, string> = {
  "/a b.txt": "/a%20b.txt",
  "/100%.txt": "/100%25.txt",
  "/%2e%2e.txt": "/%252e%252e.txt",
  "/café.txt": "/caf%C3%A9.txt",
  "/日本/語.txt": "/%E6%97%A5%E6%9C%AC/%E8%AA%9E.txt",
  "/😀.txt": "/%F0%9F%98%80.txt",
  "/what?.txt": "/what%3F.txt",
  "/a#b.txt": "/a%23b.txt",
  "/a&b=c;d,e+f.txt": "/a&b=c;d,e+f.txt",
  "/a+b.txt": "/a%2Bb.txt",
  "/..double.txt2": "",
  "/a..b.txt": "/a..b.txt",
  "/ends.": "/ends.",
  "/ends..": "/ends..",
  "/ends ": "/ends%20",
  "/a:b.txt": "/a:b.txt",
  "/~user/x.txt": "/~user/x.txt",
  "/[id].txt": "/[id].txt",
  "/'quote\".txt": "/'quote%22.txt",
  "/constructor": "/constructor",
  "/__proto__": "/__proto__",
  "/x.hasOwnProperty": "/x.hasOwnProperty",
};

describe("[S4] odd names work", () => {
  test.each(Object.entries(friendly))("%j at %s", async (file, path) => {
    writeFiles(root, { [file]: `content of ${file}` });
    const answer = await rawRequest(site.port, path === "" ? encodeURI(file) : path);
    const body = Buffer.from(answer, "latin1").toString().split("\r\n\r\n")[1];
    if (path === "") expect(answer).toStartWith("HTTP/1.1 404");
    else expect(body).toBe(`content of ${file}`);
  });

  test("[S4] a directory with an odd name is redirected with its encoding kept", async () => {
    writeFiles(root, { "/ä b/index.html": "odd" });
    expect(await rawRequest(site.port, "/%C3%A4%20b")).toMatch(/\r\nlocation: \/%C3%A4%20b\/\r\n/i);
    expect(await rawRequest(site.port, "/%C3%A4%20b/")).toEndWith("odd");
  });
});

describe("[S4] symlinks", () => {
  test("inside the root they work, to files and directories", async () => {
    writeFiles(root, { "/real/page.txt": "real" });
    symlinkSync("real", join(root, "alias"));
    symlinkSync("real/page.txt", join(root, "page"));
    expect(await (await site.get("/alias/page.txt")).text()).toBe("real");
    expect(await (await site.get("/page")).text()).toBe("real");
  });

  test.each([0, 0.001])(
    "one that is swapped later is followed no further than the root (looked at every %d s)",
    async (revalidate) => {
      using place = temporary();
      writeFiles(place.path, { "/www/in.txt": "inside", "/secret.txt": SECRET });
      const link = join(place.path, "www/link");
      symlinkSync("in.txt", link);
      using www = serveRoot(join(place.path, "www"), { revalidate });
      expect(await (await www.get("/link")).text()).toBe("inside");
      symlinkSync("../secret.txt", `${link}.new`);
      renameSync(`${link}.new`, link);
      const due = performance.now() + revalidate * 1000;
      while (performance.now() < due) expect(await (await www.get("/link")).text()).not.toBe(SECRET);
      expect((await www.get("/link")).status).toBe(404);
    },
  );

  test("one that is swapped all the time never shows what is outside", async () => {
    using place = temporary();
    writeFiles(place.path, { "/www/in.txt": "inside", "/secret.txt": SECRET });
    const [link, inside, outside] = ["link", "a", "b"].map((file) => join(place.path, "www", file)) as [
      string,
      string,
      string,
    ];
    symlinkSync("in.txt", link);
    const flip = `while true; do ln -sfn ../secret.txt ${outside}; mv -T ${outside} ${link}; ln -sfn in.txt ${inside}; mv -T ${inside} ${link}; done`;
    const flipper = Bun.spawn(["sh", "-c", flip], { stdout: "ignore", stderr: "ignore" });
    using www = serveRoot(join(place.path, "www"));
    const seen = new Set<string>();
    // At least 300 ms, and until both have been seen; the test's own deadline ends it otherwise.
    const end = performance.now() + 300;
    while (performance.now() < end || seen.size < 2) seen.add(await (await www.get("/link")).text());
    flipper.kill();
    await flipper.exited;
    expect([...seen].sort()).toEqual(["inside", "none"]);
  });

  test("the root may be a symlink that a deployment switches", async () => {
    using place = temporary();
    writeFiles(place.path, { "/one/v.txt": "1", "/two/v.txt": "2" });
    const current = join(place.path, "current");
    symlinkSync("one", current);
    using www = serveRoot(current);
    expect(await (await www.get("/v.txt")).text()).toBe("1");
    symlinkSync("two", `${current}.new`);
    renameSync(`${current}.new`, current);
    expect(await (await www.get("/v.txt")).text()).toBe("2");
    rmSync(join(place.path, "one"), { recursive: true });
    expect(await (await www.get("/v.txt")).text()).toBe("2");
  });
});

describe("[S4] what cannot be served", () => {
  test("a file that becomes a FIFO does not hang the server", async () => {
    writeFiles(root, { "/pipe": "file" });
    expect(await (await site.get("/pipe")).text()).toBe("file");
    rmSync(join(root, "pipe"));
    execFileSync("mkfifo", [join(root, "pipe")]);
    expect((await site.get("/pipe")).status).toBe(404);
  });

  test.each(["/fifo", "/socket", "/link-device", "/sub"])(
    "%s is not opened, even when it took the place of a file looked at before",
    (path) => {
      expect(new DiskSource(root).open(path, 1000)).toBeUndefined();
    },
  );

  test.each(["/none", "/index.html"])("[E2] a root that is no directory is refused: %s", (path) => {
    const open = () => openDirectory(root + path, optionsWith());
    expect(open).toThrow(SkitaiError);
    expect(open).toThrow(/^directory: ".*" is not accepted; accepted: a directory that exists$/);
  });

  test("a directory that becomes a file, and back", async () => {
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "d/index.html"), "index");
    expect((await site.get("/d")).status).toBe(301);
    rmSync(join(root, "d"), { recursive: true });
    writeFileSync(join(root, "d"), "file");
    expect(await (await site.get("/d")).text()).toBe("file");
    expect((await site.get("/d/")).status).toBe(404);
  });
});
