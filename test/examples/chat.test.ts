import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { type TestClient, testClient } from "../../src/testing/index.ts";

const executablePath = Bun.which("chromium");
const directory = mkdtempSync(join(tmpdir(), "skitai-chat-"));
const database = `--database=${join(directory, "chat.db")}`;
const start = (): Promise<TestClient> =>
  testClient(new URL("./chat/serve.ts", import.meta.url), undefined, { args: [database] });

let browser: Browser;
let server: TestClient;
const errors: string[] = [];
beforeAll(async () => {
  server = await start();
  if (executablePath === null) return;
  browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(directory, { recursive: true });
});

/** A browser of its own that has joined a room. */
async function visit(name: string, room: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("dialog", (dialog) => errors.push(dialog.message()));
  await page.goto(`${server.url}/#${room}`);
  await page.fill("#name", name);
  await page.keyboard.press("Enter");
  await online(page);
  return page;
}

const online = async (page: Page): Promise<void> => void (await page.waitForSelector("[data-state=online]"));
const workerOf = async (page: Page): Promise<number> =>
  Number((await page.textContent("#worker"))!.replace("Worker ", ""));

/** Loads the page again until another worker has it. */
async function awayFrom(worker: number, page: Page): Promise<void> {
  for (let tries = 0; (await workerOf(page)) === worker; tries++) {
    if (tries === 50) throw new Error("always the same worker");
    await page.reload();
    await online(page);
  }
}

/** By the keyboard alone: the field has the focus. */
async function say(page: Page, text: string): Promise<void> {
  await page.keyboard.insertText(text);
  await page.keyboard.press("Enter");
}

const texts = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allTextContents();

async function until(page: Page, selector: string, wanted: readonly string[]): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await texts(page, selector);
    if (Bun.deepEquals(found, wanted) || Date.now() > deadline) return expect(found).toEqual([...wanted]);
    await Bun.sleep(20);
  }
}
const said = (page: Page, wanted: readonly string[]): Promise<void> => until(page, ".message .text", wanted);
const here = (page: Page, names: readonly string[]): Promise<void> =>
  until(page, "#people li span:last-of-type", names);

test.skipIf(executablePath === null)(
  "[X1 X3] two browsers on two workers talk, see who is there, and find what was said after a reload",
  async () => {
    const ann = await visit("Ann", "kitchen");
    const bob = await visit("Bob", "kitchen");
    await awayFrom(await workerOf(ann), bob);
    await here(ann, ["Ann", "Bob"]);
    await here(bob, ["Bob", "Ann"]);

    await say(ann, "Hello Bob");
    await said(bob, ["Hello Bob"]);
    await bob.keyboard.type("H");
    await until(ann, "#typing", ["Bob is typing …"]);
    await say(bob, "ello Ann");
    const markup = "<img src=x onerror=alert(1)><script>alert(2)</script> & <b>more</b>";
    await said(ann, ["Hello Bob", "Hello Ann"]);
    await say(bob, markup);
    for (const page of [ann, bob]) await said(page, ["Hello Bob", "Hello Ann", markup]);
    expect(await texts(ann, ".message .by b")).toEqual(["Ann", "Bob", "Bob"]);
    expect(await ann.locator("#log img, #log script, .text b").count()).toBe(0);

    await ann.reload();
    await said(ann, ["Hello Bob", "Hello Ann", markup]);
    await here(ann, ["Ann", "Bob"]);

    await bob.close();
    await here(ann, ["Ann"]);
    expect((await texts(ann, ".notice")).at(-1)).toBe("Bob left");
    await ann.close();
    expect(errors).toEqual([]);
  },
  40_000,
);

test.skipIf(executablePath === null)(
  "[X3] what is said in one room is not heard in another",
  async () => {
    const ann = await visit("Ann", "garden");
    const bob = await visit("Bob", "attic");
    await say(ann, "among flowers");
    await said(ann, ["among flowers"]);
    await here(bob, ["Bob"]);
    await said(bob, []);
    await bob.fill("#open input", "garden");
    await bob.keyboard.press("Enter");
    await said(bob, ["among flowers"]);
    await here(ann, ["Ann", "Bob"]);
    for (const page of [ann, bob]) await page.close();
    expect(errors).toEqual([]);
  },
  40_000,
);

test.skipIf(executablePath === null)(
  "[X3] a worker is killed: its pages come back by themselves with their names, and miss nothing",
  async () => {
    const ann = await visit("Ann", "cellar");
    const bob = await visit("Bob", "cellar");
    await awayFrom(await workerOf(ann), bob);
    const worker = await workerOf(bob);
    await say(ann, "before");
    await said(bob, ["before"]);
    process.kill(worker, "SIGKILL");
    await bob.waitForSelector("[data-state=offline]");
    await say(ann, "meanwhile");
    await online(bob);
    await said(bob, ["before", "meanwhile"]);
    expect(await workerOf(bob)).not.toBe(worker);
    await say(bob, "after");
    for (const page of [ann, bob]) await said(page, ["before", "meanwhile", "after"]);
    await here(ann, ["Ann", "Bob"]);
    await here(bob, ["Bob", "Ann"]);
    for (const page of [ann, bob]) await page.close();
    expect(errors).toEqual([]);
  },
  40_000,
);

const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => (socket.onclose = ({ code }) => resolve(code)));
const address = (query: string): string => `${server.url.replace("http", "ws")}/chat?${query}`;

test("[X2] names and messages that the page would not send are refused", async () => {
  for (const query of [
    "room_id=lobby",
    "room_id=lobby&name=%20",
    `room_id=lobby&name=${"x".repeat(25)}`,
    "room_id=%3Cb%3E&name=Ann",
  ])
    expect(await closed(new WebSocket(address(query)))).not.toBe(1000);
  for (const [message, code] of [
    [{ type: "say", text: " " }, 1008],
    [{ type: "say", text: "x".repeat(1001) }, 1008],
    [{ type: "delete" }, 1008],
    [{ type: "say", text: "x".repeat(10_000) }, 1009],
  ] as const) {
    const socket = new WebSocket(address("room_id=lobby&name=Ann"));
    socket.onopen = () => socket.send(JSON.stringify(message));
    expect(await closed(socket)).toBe(code);
  }
});
