import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { requestLine } from "../support/log-lines.ts";
import { exchange } from "../support/raw-connection.ts";
import { Authority, freePort, run, secure } from "./support.ts";

const made = new Authority();
beforeAll(() => made.make("one", { names: ["localhost"] }));
afterAll(() => made[Symbol.dispose]());

const start = (
  from: number,
  to: number,
  domain?: string,
  env: Record<string, string> = {},
): Promise<TestClient> =>
  testClient(secure, undefined, {
    workers: 2,
    env: {
      SSL_CALL: JSON.stringify([[made.path("one.crt"), made.path("one.key")]]),
      FORWARD: JSON.stringify(domain === undefined ? [from, to] : [from, to, domain]),
      ...env,
    },
  });

/** Status and place of an answer to a raw request. */
async function sent(port: number, line: string, host?: string): Promise<[number, string | null]> {
  const header = host === undefined ? "" : `Host: ${host}\r\n`;
  const { status, headers } = await exchange(port, `${line}\r\n${header}Content-Length: 0\r\n\r\n`);
  return [status, headers.get("location")];
}

test("[T2] the plain port sends to https of the request's own host, other methods with 308", async () => {
  const from = freePort();
  await using cli = await start(from, 443);
  expect(await sent(from, "GET /a%20b/?x=1&y=%2F HTTP/1.1", `localhost:${from}`)).toEqual([
    301,
    "https://localhost/a%20b/?x=1&y=%2F",
  ]);
  expect(await sent(from, "HEAD / HTTP/1.1", "[::1]:80")).toEqual([301, "https://[::1]/"]);
  expect(await sent(from, "POST /form HTTP/1.1", "a.test.")).toEqual([308, "https://a.test/form"]);
  // Without a domain every host is served.
  const url = `https://other.test:${cli.port}/`;
  const other = ["curl", "-sk", "--resolve", `other.test:${cli.port}:127.0.0.1`, "-w", "%{http_code}"];
  expect((await run([...other, "-o", "/dev/null", url])).stdout).toBe("200");
});

test("[T2] hosts that are none are refused, not sent anywhere", async () => {
  const from = freePort();
  await using cli = await start(from, 443);
  expect(cli.port).not.toBe(from);
  for (const host of ["a/b", "user@a", "a b", "evil.test\\@x", ""])
    expect(await sent(from, "GET / HTTP/1.1", host)).toEqual([400, null]);
  expect(await sent(from, "GET / HTTP/1.0")).toEqual([400, null]);
  expect(await sent(from, "TRACE / HTTP/1.1", "a")).toEqual([501, null]);
});

test("[T2] with a domain every other host is sent there, from both ports", async () => {
  const from = freePort();
  const to = freePort();
  await using cli = await start(from, to, "MyDomain.com");
  const place = `https://mydomain.com:${to}/a?b`;
  expect(await sent(from, "GET /a?b HTTP/1.1", "mydomain.com")).toEqual([301, place]);
  expect(await sent(from, "GET /a?b HTTP/1.1", "other.test")).toEqual([301, place]);
  expect(await sent(from, "GET /a?b HTTP/1.0")).toEqual([301, place]);
  const main = async (host: string): Promise<[number, string | null]> => {
    const { status, headers } = await cli.get("/a?b", { headers: { host } });
    return [status, headers.get("location")];
  };
  expect(await main("www.mydomain.com")).toEqual([301, place]);
  expect(await main(`MYDOMAIN.com:${cli.port}`)).toEqual([200, null]);
  expect(await main("mydomain.com.")).toEqual([200, null]);
});

test("[T2] proofs of ownership are not sent elsewhere", async () => {
  const from = freePort();
  await using cli = await start(from, 443, "mydomain.com");
  const line = "GET /.well-known/acme-challenge/token HTTP/1.1";
  expect(await sent(from, line, "mydomain.com")).toEqual([404, null]);
  expect(await sent(from, "GET /.well-known/other HTTP/1.1", "mydomain.com")).toEqual([
    301,
    "https://mydomain.com/.well-known/other",
  ]);
  expect(cli.url).toStartWith("https:");
});

test("[T2] requests of the plain port are logged, with ids of their own", async () => {
  const logs = mkdtempSync(join(tmpdir(), "forward-"));
  try {
    const from = freePort();
    await using cli = await start(from, 443, undefined, { LOGS: logs });
    await sent(from, "GET /first HTTP/1.1", "a.test");
    await Promise.all(Array.from({ length: 8 }, () => cli.get("/main")));
    await Promise.all(Array.from({ length: 8 }, () => sent(from, "GET /plain HTTP/1.1", "a.test")));
    const file = join(logs, "request.log");
    expect(await requestLine(file, "/first")).toMatchObject({ host: "a.test", status: "301", method: "GET" });
    await cli.stop();
    const ids = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => / (GTID\S+) /.exec(line)?.[1]);
    expect(ids).toHaveLength(17);
    expect(new Set(ids).size).toBe(17);
  } finally {
    rmSync(logs, { recursive: true });
  }
});

test("[T2] a plain port that is taken is named before anything listens", async () => {
  using taken = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
  const error = await start(taken.port, 443).catch((thrown: Error) => thrown);
  expect(String((error as Error).cause)).toStartWith(`skitai: port ${taken.port} of 0.0.0.0: is in use`);
});

test("[T2] ports and domains that are none are refused", async () => {
  const error = await start(0, 443, "a b").catch((thrown: Error) => thrown);
  expect(String((error as Error).cause).split("\n")).toEqual([
    "skitai: enableForward: 0 is not accepted; accepted: ports from 1 to 65535",
    'skitai: enableForward: "a b" is not accepted; accepted: a domain like "www.example.com"',
  ]);
});
