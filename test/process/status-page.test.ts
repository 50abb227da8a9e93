import { afterAll, describe, expect, test } from "bun:test";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Overview } from "../../src/status/overview.ts";
import { Watched } from "./operator-support.ts";
import { eventually } from "./support.ts";

const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

describe("[U1] the status page", () => {
  test("is JSON for programs: workers, traffic, mounts, states, schedules, failures with their transaction", async () => {
    await using watched = await Watched.start(["--workers=2"]);
    for (const path of ["/", "/shop", "/nowhere"]) await watched.get(path);
    const failed = await fetch(await watched.service.url("/fail?token=secret"), {
      headers: { "x-gtxn-id": "GTID-from-outside" },
    });
    expect(failed.status).toBe(500);
    // Whichever worker is asked, it tells of all.
    const answer = await fetch(await watched.service.url("/status/"));
    expect(answer.headers.get("content-type")).toStartWith("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const overview = (await answer.json()) as Overview;
    const pids = await watched.service.workers();
    expect(overview.workers.map(({ pid }) => pid).sort((a, b) => a - b)).toEqual(pids);
    expect(overview).toMatchObject({
      name: "petstore",
      state: "ready",
      restarts: 0,
      states: { "tick.count": expect.any(Number), "cart.total": 0 },
      upstreams: [{ alias: "@prices", up: 1 }],
    });
    const root = overview.mounts.find(({ mount }) => mount === "/")!;
    expect(root).toMatchObject({ refused: 1, failed: 1 });
    expect(overview.schedules.map(({ name }) => name)).toEqual(["tick", "report"]);
    const [error] = overview.errors;
    expect(error!.text).toBe("Error: cannot open postgres://***@db/shop");
    expect(overview.failedRequests).toMatchObject([
      { gtxnid: error!.gtxnid, method: "GET", path: "/fail", status: 500 },
    ]);
    expect(JSON.stringify(overview)).not.toContain("secret");
  }, 20_000);

  test("is HTML for browsers, less than 60 KB with all tables full, and escapes what clients sent", async () => {
    await using watched = await Watched.start(["--workers=1"], { MANY: "1" });
    for (let n = 0; n < 120; n++) await watched.get("/fail");
    for (let n = 0; n < 200; n++) await watched.get(`/a/mount/that/has/a/number/${n}`);
    await watched.get("/nowhere/<script>alert(1)</script>");
    const page = await fetch(await watched.service.url("/status/"), { headers: html });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toStartWith("default-src 'none'; style-src 'sha256-");
    const text = await page.text();
    expect(Buffer.byteLength(text)).toBeLessThan(60_000);
    // Tables of forty rows, and where the rest is.
    expect(text).toContain("and 162 more, all are in the JSON");
    expect(text).not.toMatch(/\b(src|href)="(https?:)?\/\/(?!127\.0\.0\.1)/);
    const hostile = encodeURIComponent('"><script>alert(1)</script>');
    const trace = await fetch(await watched.service.url(`/status/?gtxnid=${hostile}`), { headers: html });
    const traced = await trace.text();
    expect(traced).toContain("&quot;&gt;&lt;script&gt;alert(1)");
    expect(traced).not.toContain("<script>alert");
    expect(traced).toContain("Nothing is kept of it");
  }, 20_000);

  test("sends what changes as events, until the reader goes", async () => {
    await using watched = await Watched.start(["--workers=1"]);
    const leaving = new AbortController();
    const answer = await fetch(await watched.service.url("/status/"), {
      headers: { accept: "text/event-stream" },
      signal: leaving.signal,
    });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const events = eventsOf(answer);
    const first = (await events.next()).value!;
    expect(Object.keys(first)).toContain("workers");
    await watched.get("/fail");
    const second = (await events.next()).value!;
    expect(second["errors"]).toContain("cannot open postgres");
    // The schedules have not changed.
    expect(Object.keys(second)).not.toContain("states");
    leaving.abort();
    await eventually(async () => (await watched.overview()).traffic.inFlight === 0);
  }, 20_000);

  test("a reader does not keep a worker from ending", async () => {
    await using watched = await Watched.start(["--workers=1", "--grace-timeout=20"]);
    const answer = await fetch(await watched.service.url("/status/"), {
      headers: { accept: "text/event-stream" },
    });
    const events = eventsOf(answer);
    await events.next();
    const [old] = await watched.service.workers();
    watched.service.signal("SIGHUP");
    await eventually(async () => !(await watched.service.workers()).includes(old!));
    expect(await Array.fromAsync(events)).toBeArray();
  }, 20_000);

  test("has at most fifty readers in a process", async () => {
    await using watched = await Watched.start(["--workers=1"]);
    const url = await watched.service.url("/status/");
    const leaving = new AbortController();
    const ask = (): Promise<Response> =>
      fetch(url, { headers: { accept: "text/event-stream" }, signal: leaving.signal });
    const answers = await Promise.all(Array.from({ length: 51 }, ask));
    expect(answers.filter(({ status }) => status === 200).length).toBe(50);
    expect(answers.filter(({ status }) => status === 503).length).toBe(1);
    leaving.abort();
    // Those that left made room.
    await eventually(async () => {
      const again = await fetch(url, { headers: { accept: "text/event-stream" } });
      await again.body?.cancel();
      return again.status === 200;
    });
  }, 20_000);

  test("outside a request there is none", async () => {
    const { was } = await import("../../src/was.ts");
    expect(was.status()).rejects.toMatchObject({ code: "NO_CONTEXT" });
    expect(() => was.restart()).toThrow(expect.objectContaining({ code: "NO_CONTEXT" }));
  });
});

/** Data of server-sent events. */
async function* eventsOf({ body }: Response): AsyncGenerator<Record<string, string>> {
  let text = "";
  for await (const chunk of body!.pipeThrough(
    new TextDecoderStream() as never,
  ) as unknown as AsyncIterable<string>) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield JSON.parse(text.slice(text.indexOf("data: ") + "data: ".length, end));
      text = text.slice(end + 2);
    }
  }
}

const executablePath = Bun.which("chromium");

describe.skipIf(executablePath === null)("[U1] the status page in a browser", () => {
  let shared: Promise<Browser> | undefined;
  const browser = (): Promise<Browser> =>
    (shared ??= chromium.launch({
      executablePath: executablePath!,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
    }));
  afterAll(async () => (await shared)?.close());

  /** A page, and everything that the browser complains about. */
  async function open(colorScheme: "light" | "dark", width: number): Promise<[Page, string[]]> {
    const context = await (await browser()).newContext({ colorScheme, viewport: { width, height: 800 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("requestfailed", (request) => complaints.push(request.url()));
    return [page, complaints];
  }

  test("paints at once, in light and dark, and fits a phone", async () => {
    await using watched = await Watched.start(["--workers=2"]);
    await watched.get("/fail");
    const url = await watched.service.url("/status");
    // The first page of a browser waits for the browser.
    const [warm] = await open("light", 1280);
    await warm.goto(url);
    const paints: number[] = [];
    const grounds = new Set<string>();
    for (const [scheme, width] of [
      ["light", 1280],
      ["dark", 1280],
      ["light", 390],
    ] as const) {
      const [page, complaints] = await open(scheme, width);
      await page.goto(url);
      await page.waitForFunction(() => performance.getEntriesByName("first-paint").length > 0);
      paints.push(await page.evaluate("performance.getEntriesByName('first-paint')[0].startTime"));
      grounds.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      expect(await page.locator("#workers tbody tr").count()).toBe(2);
      expect(complaints).toEqual([]);
      await page.close();
    }
    expect(grounds.size).toBe(2);
    expect(Math.min(...paints)).toBeLessThan(300);
  }, 30_000);

  test("follows the service: a new worker and a new error appear, and the error opens its transaction", async () => {
    await using watched = await Watched.start(["--workers=2"]);
    const [page, complaints] = await open("light", 1280);
    await page.goto(await watched.service.url("/status"));
    await page.waitForFunction(() => document.getElementById("live")!.textContent === "live");
    expect(await page.locator("#errors").textContent()).toBe("");
    await watched.get("/fail");
    await page.waitForSelector("#errors a");
    const gtxnid = await page.locator("#errors a").first().textContent();
    const [killed] = await watched.service.workers();
    // The other one may be who serves this page.
    const serving = (await watched.overview()).workers.map(({ pid }) => pid);
    expect(serving).toContain(killed!);
    await page.locator("#errors a").first().click();
    await page.waitForSelector("#trace tbody");
    const traced = await page.locator("#trace").textContent();
    expect(traced).toContain(gtxnid!);
    expect(traced).toContain("GET /fail");
    expect(traced).toContain("Error: cannot open postgres://***@db/shop");
    await page.goto(await watched.service.url("/status"));
    await page.waitForFunction(
      (pid) => document.getElementById("workers")!.textContent!.includes(String(pid)),
      killed!,
    );
    // Where it was the one that sends the events, the other one goes on with them.
    process.kill(killed!, "SIGKILL");
    await page.waitForFunction(
      (pid) => {
        const { textContent } = document.getElementById("workers")!;
        return (
          textContent !== null &&
          !textContent.includes(String(pid)) &&
          /1 restart\b/.test(document.body.textContent!)
        );
      },
      killed!,
      { timeout: 10_000 },
    );
    // Leaving the page ends its events.
    expect(complaints.filter((each) => !each.startsWith("http:") && !each.includes("ERR_"))).toEqual([]);
  }, 30_000);
});

/** In the page. */
declare const document: {
  readonly body: { readonly textContent: string | null };
  getElementById(id: string): { readonly textContent: string | null } | null;
};
