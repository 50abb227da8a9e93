import { afterAll, beforeAll, expect, test } from "bun:test";
import { chromium } from "playwright-core";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { pythonWith } from "../support/python.ts";
import { fixture } from "./support.ts";

const packages = await pythonWith(["websockets==15.0.1"]);
const executablePath = Bun.which("chromium");

let server: TestClient;
beforeAll(async () => {
  server = await testClient(fixture, undefined, { host: "127.0.0.1" });
});
afterAll(() => server.stop());

test.skipIf(packages === undefined)(
  "[X1] Python's websockets agrees on everything",
  async () => {
    const script = Bun.fileURLToPath(new URL("./fixtures/peer.py", import.meta.url));
    const child = Bun.spawn(["python3", script, server.url.replace("http", "ws")], {
      env: { ...process.env, PYTHONPATH: packages! },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: 30_000,
    });
    const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect([out.trim().split("\n"), error]).toEqual([
      ["echo", "deflated", "fragments", "pings", "closes", "refusals", "many"],
      "",
    ]);
  },
  40_000,
);

test.skipIf(executablePath === null)(
  "[X1] a page in Chromium talks to its own host, one of elsewhere does not",
  async () => {
    await using browser = await chromium.launch({
      executablePath: executablePath!,
      args: ["--no-sandbox", "--headless=new", "--disable-gpu"],
    });
    const page = await browser.newPage();
    await page.goto(`${server.url}/pid`);
    const talk = (url: string): Promise<string> =>
      page.evaluate(
        (where) =>
          new Promise<string>((resolve) => {
            const socket = new WebSocket(where);
            socket.onopen = () => socket.send("hello");
            socket.onmessage = ({ data }) => resolve(String(data));
            socket.onclose = ({ code }) => resolve(`closed ${code}`);
          }),
        url,
      );
    const address = server.url.replace("http", "ws");
    expect(await talk(`${address}/echo`)).toBe("ECHO:hello");
    expect(await talk(`${address}/deflate`)).toBe("hello");
    expect(await talk(`${address}/echo`.replace("127.0.0.1", "localhost"))).toBe("closed 1006");
  },
  40_000,
);
