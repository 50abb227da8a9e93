import { afterAll, beforeAll, expect, test } from "bun:test";
import { chromium } from "playwright-core";
import { Authority } from "../tls/support.ts";
import { local, Proxy } from "./forward-support.ts";

const executablePath = Bun.which("chromium");
const made = new Authority();
beforeAll(() => made.make("one", { names: ["site.test"] }));
afterAll(() => made[Symbol.dispose]());

const page = `<!doctype html><title>here</title><script>
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/socket");
  socket.onopen = () => socket.send("hi");
  socket.onmessage = ({ data }) => { document.title = data; };
</script>`;

/** A site of http or https, with a websocket. */
const site = (tls?: Bun.TLSOptions) =>
  Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    ...(tls === undefined ? {} : { tls }),
    fetch: (request, server) =>
      new URL(request.url).pathname === "/socket" && server.upgrade(request, { data: undefined })
        ? undefined
        : new Response(page, {
            headers: { "Content-Type": "text/html", "X-Via": request.headers.get("via") ?? "" },
          }),
    websocket: { message: (socket, text) => void socket.send(`echo ${String(text)}`) },
  });

test.skipIf(executablePath === null)(
  "[P3] Chromium loads http and https pages with a password, and their websockets",
  async () => {
    using plain = site();
    using secure = site({ cert: Bun.file(made.path("one.crt")), key: Bun.file(made.path("one.key")) });
    await using proxy = await Proxy.start({
      ...local,
      // A name that only the proxy knows.
      lookup: { "site.test": ["127.0.0.1"] },
      auth: { browser: "pass word" },
    });
    await using browser = await chromium.launch({
      executablePath: executablePath!,
      proxy: { server: proxy.url, username: "browser", password: "pass word" },
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ],
    });
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const tab = await context.newPage();
    const first = await tab.goto(`http://site.test:${plain.port}/`);
    expect([first?.status(), first?.headers()["x-via"]]).toEqual([
      200,
      expect.stringMatching(/^1\.1 skitai-/),
    ]);
    await tab.waitForFunction("document.title === 'echo hi'");
    const second = await tab.goto(`https://site.test:${secure.port}/`);
    expect([second?.status(), second?.headers()["x-via"]]).toEqual([200, ""]);
    await tab.waitForFunction("document.title === 'echo hi'");
    expect(proxy.cli.output).toMatch(new RegExp(` GET http://site\\.test:${plain.port}/ 1\\.1 0 407 `));
    await tab.goto("http://169.254.169.254/");
    expect(await tab.textContent("body")).toContain("169.254.169.254 is not allowed");
  },
  40_000,
);
