import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Served } from "./served.ts";
import { install, openDirectory, run, skitaiCommand } from "./support.ts";

const directory = openDirectory();
const home = join(directory, "home");
const ca = join(home, ".skitai/ca/ca.crt");
const cert = (words: readonly string[], more: Record<string, string> = {}) =>
  run([...skitaiCommand, "cert", ...words], directory, { HOME: home, ...more });
const modeOf = (path: string): number => statSync(path).mode & 0o777;

beforeAll(() => {
  mkdirSync(home);
  install(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("[T6] cert makes a certificate for this machine and more names, signed by a CA that stays", async () => {
  const made = await cert(["App.test", "*.app.test", "10.1.2.3", "--out", "certs", "--json"]);
  expect(made).toMatchObject({ exitCode: 0, stderr: "" });
  const issued = JSON.parse(made.stdout) as { cert: string; key: string; ca: string };
  expect(issued).toMatchObject({
    cert: join(directory, "certs/app.test.crt"),
    key: join(directory, "certs/app.test.key"),
    ca,
  });
  expect([issued.key, join(home, ".skitai/ca/ca.key")].map(modeOf)).toEqual([0o600, 0o600]);
  const before = readFileSync(ca, "utf8");
  const verified = await run(
    ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca, issued.cert],
    "/",
  );
  expect(verified.stdout).toEndWith(": OK");
  const leaf = new X509Certificate(readFileSync(issued.cert));
  expect(leaf.subjectAltName).toBe(
    "DNS:app.test, DNS:*.app.test, IP Address:10.1.2.3, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
  );
  expect(leaf.ca).toBe(false);
  for (const host of ["app.test", "x.app.test", "localhost"]) expect(leaf.checkHost(host)).toBeDefined();
  expect((await cert(["other.test"])).exitCode).toBe(0);
  expect(readFileSync(ca, "utf8")).toBe(before);
});

test("[T6] two that begin at once share one CA", async () => {
  const own = { HOME: join(directory, "second") };
  mkdirSync(own.HOME);
  const made = await Promise.all(
    ["one.test", "two.test"].map((name) => cert([name, "--json", "--out=both"], own)),
  );
  const files = made.map(({ stdout }) => JSON.parse(stdout) as { cert: string; ca: string });
  for (const { cert: leaf, ca: own } of files)
    expect((await run(["openssl", "verify", "-CAfile", own, leaf], "/")).stdout).toEndWith(": OK");
});

test("[T6] it is valid for 825 days at most, and ends with its CA", async () => {
  const made = JSON.parse((await cert(["--days=825", "--out=long", "--json"])).stdout) as { cert: string };
  const { validFromDate, validToDate } = new X509Certificate(readFileSync(made.cert));
  expect(validToDate.getTime() - validFromDate.getTime()).toBeLessThanOrEqual(825 * 86_400_000);
  expect(validToDate.getTime() - Date.now()).toBeGreaterThan(824 * 86_400_000);
  for (const days of ["826", "0", "1.5", "many"]) {
    const refused = await cert([`--days=${days}`]);
    expect([refused.exitCode, refused.stderr.includes("accepted: an integer from 1 to 825")]).toEqual([
      1,
      true,
    ]);
  }
});

test("[T6] enableSsl serves with it, and curl believes the CA", async () => {
  const made = JSON.parse((await cert(["--out=served", "--json"])).stdout) as { cert: string; key: string };
  writeFileSync(
    join(directory, "tls.ts"),
    `import * as skitai from "skitai";
     skitai.enableSsl(${JSON.stringify(made.cert)}, ${JSON.stringify(made.key)});
     skitai.mount("/", () => new Response("over tls"));
     await skitai.run({ name: "tls", address: "127.0.0.1" });`,
  );
  await using served = await Served.start(["serve", "tls.ts"], { cwd: directory });
  const { port } = new URL(served.url);
  for (const host of ["localhost", "127.0.0.1"]) {
    const curl = await run(
      [
        "curl",
        "-sS",
        "--http1.1",
        "--cacert",
        ca,
        "--resolve",
        `localhost:${port}:127.0.0.1`,
        `https://${host}:${port}/`,
      ],
      "/",
    );
    expect(curl).toEqual({ stdout: "over tls", stderr: "", exitCode: 0 });
  }
  expect((await run(["curl", "-sS", `https://127.0.0.1:${port}/`], "/")).exitCode).toBe(60);
});

test("[T6] it overwrites its own certificates only", async () => {
  expect((await cert(["mine.test", "--out=again"])).exitCode).toBe(0);
  expect((await cert(["mine.test", "--out=again"])).exitCode).toBe(0);
  writeFileSync(join(directory, "again/theirs.test.key"), "the only key");
  const refused = await cert(["theirs.test", "--out=again"]);
  expect([
    refused.exitCode,
    refused.stderr.includes("theirs.test.key: is there already and not of this command"),
  ]).toEqual([1, true]);
  expect(readFileSync(join(directory, "again/theirs.test.key"), "utf8")).toBe("the only key");
});

test("[T6] a CA key that others can read is closed again, a broken one is said", async () => {
  const key = join(home, ".skitai/ca/ca.key");
  chmodSync(key, 0o644);
  expect((await cert(["--out=closed"])).exitCode).toBe(0);
  expect(modeOf(key)).toBe(0o600);
  const broken = { HOME: join(directory, "broken") };
  mkdirSync(join(broken.HOME, ".skitai/ca"), { recursive: true });
  const refused = await cert([], broken);
  expect([refused.exitCode, refused.stderr.includes(".skitai/ca: ENOENT")]).toEqual([1, true]);
});

for (const name of ["a b", "http://a.test", "-x.test", "a..test", "1.2.3", "*.*.test", "x".repeat(64)])
  test(`[T6] ${name.slice(0, 20)} is no name for a certificate`, async () => {
    const refused = await cert(["--", name]);
    expect([refused.exitCode, refused.stdout]).toEqual([1, ""]);
  });
