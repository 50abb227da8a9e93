import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";
import { startQuic } from "./quic-support.ts";
import { Authority, run } from "./support.ts";

const executablePath = Bun.which("chromium");
const made = new Authority();
beforeAll(() => made.make("one", { names: ["localhost", "127.0.0.1"] }));
afterAll(() => made[Symbol.dispose]());

/** What names the key of a certificate in Chromium's flags. */
async function keyHash(name: string): Promise<string> {
  const { stdout } = await run(["openssl", "x509", "-in", made.path(`${name}.crt`), "-noout", "-pubkey"]);
  const der = Buffer.from(stdout.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return new Bun.CryptoHasher("sha256").update(der).digest("base64");
}

const browse = async (port: number): Promise<Browser> =>
  await chromium.launch({
    executablePath: executablePath!,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      `--origin-to-force-quic-on=127.0.0.1:${port}`,
      `--ignore-certificate-errors-spki-list=${await keyHash("one")}`,
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

test.skipIf(executablePath === null)(
  "[T4] Chromium loads a page by HTTP/3, and a reload of the service loses none of its requests",
  async () => {
    const VERSION = made.path("version");
    writeFileSync(VERSION, "old");
    await using service = await startQuic(made, { args: ["--quic", "--workers=2"], env: { VERSION } });
    await using browser = await browse(await service.port());
    const page = await browser.newPage();
    const answer = await page.goto(await service.url("/page"));
    expect(answer?.status()).toBe(200);
    expect(await page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")).toBe("h3");
    await page.evaluate(loop);
    await page.waitForFunction(() => state.seen["old"]! > 20);
    writeFileSync(VERSION, "new");
    service.signal("SIGHUP");
    await page.waitForFunction(() => state.seen["new"]! > 20, undefined, { timeout: 15_000 });
    expect(await page.evaluate(() => state)).toMatchObject({ failures: [], protocols: ["h3"] });
  },
  40_000,
);

/** In the page. */
declare const state: { seen: Record<string, number>; failures: string[]; protocols: string[] };

function loop(): void {
  const own: typeof state = { seen: {}, failures: [], protocols: [] };
  Object.assign(globalThis, { state: own });
  const ask = async (): Promise<void> => {
    for (let n = 0; ; n++) {
      try {
        const text = await (await fetch(`/?${n}`, { cache: "no-store" })).text();
        own.seen[text] = (own.seen[text] ?? 0) + 1;
      } catch (error) {
        own.failures.push(String(error));
      }
      for (const each of performance.getEntriesByType("resource")) {
        const { nextHopProtocol } = each as PerformanceResourceTiming;
        if (nextHopProtocol && !own.protocols.includes(nextHopProtocol)) own.protocols.push(nextHopProtocol);
      }
      performance.clearResourceTimings();
    }
  };
  void ask();
}
