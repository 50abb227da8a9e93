import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { eventually, parseLine, requestLine } from "../support/log-lines.ts";
import { raw } from "../support/raw.ts";

const script = join(import.meta.dir, "fixtures/serve.ts");
const directory = mkdtempSync(join(tmpdir(), "skitai-log-"));
const file = join(directory, "request.log");
let cli: TestClient;

beforeAll(async () => {
  cli = await testClient(script, 0, { args: ["--logs", directory] });
});
afterAll(async () => {
  await cli.stop();
  rmSync(directory, { recursive: true });
});

describe("request log", () => {
  test("[L1] a line has the reference's fields in its order", async () => {
    const basic = `Basic ${btoa("ann lee:secret")}`;
    const headers = {
      authorization: basic,
      referer: "http://from/",
      "user-agent": "test/1 (x)",
      "x-forwarded-for": "10.1.2.3, 10.0.0.1",
    };
    await cli.get("/string?q=1&r=%20", { headers });
    const line = await requestLine(file, "/string?q=1&r=%20");
    expect(line.date).toMatch(/^\d{4}\.\d\d\.\d\d$/);
    expect(line.time).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(line).toMatchObject({
      ip: "127.0.0.1",
      host: `127.0.0.1:${cli.port}`,
      method: "GET",
      uri: "/string?q=1&r=%20",
      version: "1.1",
      requestBytes: "0",
      status: "200",
      responseBytes: "7",
      ltxnid: "1000",
      user: '"ann lee"',
      token: "-",
      referer: '"http://from/"',
      userAgent: '"test/1 (x)"',
      forwardedFor: "10.1.2.3",
      worker: "W0",
      connections: "1",
    });
    expect(line.gtxnid).toMatch(/^GTID-C\d+-R\d+$/);
    expect(line.handling).toMatch(/^\d+$/);
    expect(line.transfer).toMatch(/^\d+$/);
  });

  test("[L1] absent values are bare dashes", async () => {
    await raw(cli.port, "GET /string?bare HTTP/1.0\r\n\r\n");
    expect(await requestLine(file, "/string?bare")).toMatchObject({
      host: "-",
      version: "1.0",
      user: "-",
      token: "-",
      referer: "-",
      userAgent: "-",
      forwardedFor: "-",
    });
  });

  test("[L1] the date is local time", async () => {
    await cli.get("/string?when");
    const { date, time } = await requestLine(file, "/string?when");
    const logged = new Date(`${date.replaceAll(".", "-")}T${time}`).getTime();
    expect(Math.abs(Date.now() - logged)).toBeLessThan(10_000);
  });

  const size = statSync(script).size;
  for (const [path, bytes] of [
    ["/string", 7],
    ["/buffer", 1000],
    ["/file", size],
    ["/json", 10],
    ["/stream", 8],
    ["/fetched", 5],
    ["/static/a.txt", 11],
    ["/nothing", 13],
  ] as const) {
    test(`[L1] the size of ${path} is exact`, async () => {
      const { bytes: body } = await cli.get(`${path}?size`);
      const line = await requestLine(file, `${path}?size`);
      expect([body.length, Number(line.responseBytes)]).toEqual([bytes, bytes]);
    });
  }

  test("[L1] request sizes are exact, announced or chunked", async () => {
    await cli.post("/echo?announced", "x".repeat(12345));
    expect((await requestLine(file, "/echo?announced")).requestBytes).toBe("12345");
    const chunk = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    await raw(
      cli.port,
      `POST /echo?chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk}`,
    );
    expect((await requestLine(file, "/echo?chunked")).requestBytes).toBe("11");
  });

  test("[L1] a HEAD answer counts no body bytes", async () => {
    await cli.head("/string?head");
    expect((await requestLine(file, "/string?head")).responseBytes).toBe("0");
  });

  test("[L1] handling and transfer are told apart", async () => {
    await cli.get("/slow?d");
    const slow = await requestLine(file, "/slow?d");
    expect(Number(slow.handling)).toBeGreaterThanOrEqual(119);
    expect(Number(slow.transfer)).toBe(0);
    await cli.get("/stream?d");
    const stream = await requestLine(file, "/stream?d");
    expect(Number(stream.handling)).toBeLessThan(100);
    expect(Number(stream.transfer)).toBeGreaterThanOrEqual(110);
  });

  test("[L1] clients cannot forge lines or fields", async () => {
    const agent = 'evil" - W9 1 0 0 \\ \u0085 x';
    const request = `GET /string?forge HTTP/1.1\r\nHost: a\r\nUser-Agent: ${agent}\r\nReferer: a\tb\r\nX-Forwarded-For: 1 2 3\r\nConnection: close\r\n\r\n`;
    await raw(cli.port, request);
    const line = await requestLine(file, "/string?forge");
    expect(line.userAgent).toBe('"evil\\" - W9 1 0 0 \\\\ \\x85 x"');
    expect(line.referer).toBe('"a\\x09b"');
    expect(line.forwardedFor).toBe("1\\x202\\x203");
    expect(line.worker).toBe("W0");
  });

  test("[L1] Basic credentials without a user name are not shown", async () => {
    await cli.get("/string?basic", { headers: { authorization: `Basic ${btoa("SECRETTOKEN")}` } });
    const { user, token } = await requestLine(file, "/string?basic");
    expect([user, token]).toEqual(["-", expect.stringMatching(/^sha256:[\da-f]{12}$/)]);
  });

  test("[L1] a bearer token is shown as a fingerprint only", async () => {
    await cli.get("/string?bearer", { headers: { authorization: "Bearer very-secret-token" } });
    const { token } = await requestLine(file, "/string?bearer");
    expect(token).toMatch(/^sha256:[\da-f]{12}$/);
    expect(readFileSync(file, "utf8")).not.toContain("very-secret-token");
  });

  test("[L1] lines arrive within a flush, not at the end", async () => {
    const before = Date.now();
    await cli.get("/string?soon");
    await requestLine(file, "/string?soon");
    expect(Date.now() - before).toBeLessThan(1000);
  });

  test("[L3] prefixes and suffixes stay out, everything else is in", async () => {
    for (const path of ["/quiet/x", "/static/a.css?v=1", "/prefixed", "/string?after-quiet"])
      await cli.get(path);
    await requestLine(file, "/string?after-quiet");
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain("/quiet/x");
    expect(text).not.toContain("a.css");
    expect(text).not.toContain("/prefixed");
  });

  for (const [path, message] of [
    ["/boom?once", "it broke"],
    ["/hono-boom?once", "hono broke"],
  ] as const) {
    test(`[L1 E14] an error of ${path} has one line and one traceback with its transaction id`, async () => {
      const { data } = await cli.get<{ transaction: string }>(path);
      const line = await requestLine(file, path);
      expect([line.status, line.gtxnid]).toEqual(["500", data.transaction]);
      const trace = `[expt:${data.transaction}/1000] Error: ${message}`;
      const server = await eventually(
        () => ((text) => text.includes(trace) && text)(readFileSync(join(directory, "server.log"), "utf8")),
        trace,
      );
      expect(server.split(message).length - 1).toBe(1);
    });
  }

  test("[L5] was.log and was.traceback carry both ids, after awaits too", async () => {
    const { text } = await cli.get("/log");
    const ids = text.replace(" ", "/");
    const app = await eventually(() => readFileSync(join(directory, "app.log"), "utf8"), "application log");
    const lines = app.split("\n");
    expect(lines[0]).toMatch(
      new RegExp(`^\\d{4}\\.\\d\\d\\.\\d\\d \\d\\d:\\d\\d:\\d\\d \\[info:${ids}\\] before$`),
    );
    expect(lines[1]).toEndWith(`[my_type:${ids}] forged`);
    expect(lines[2]).toBe("  2026.01.01 00:00:00 [info] entry");
    expect(lines[3]).toEndWith(`[expt:${ids}] Error: caught`);
    expect(app).toContain("caused by Error: the cause");
  });

  test("[L2] files are not readable for everyone", () => {
    for (const name of ["request.log", "server.log", "app.log"])
      expect(statSync(join(directory, name)).mode & 0o007).toBe(0);
  });
});

describe("request log of other shapes", () => {
  test("[L1] JSON lines hold the same values", async () => {
    const logs = mkdtempSync(join(tmpdir(), "skitai-log-"));
    await using json = await testClient(script, 0, { args: ["--logs", logs, "--log-format=json"] });
    await json.get("/string?json", { headers: { "user-agent": 'q"u\\o' } });
    const line = await eventually(
      () => readFileSync(join(logs, "request.log"), "utf8").split("\n")[0],
      "a JSON line",
    );
    expect(JSON.parse(line)).toMatchObject({
      method: "GET",
      uri: "/string?json",
      status: 200,
      responseBytes: 7,
      requestBytes: 0,
      userAgent: 'q"u\\o',
      worker: "W0",
      ltxnid: 1000,
    });
    expect(new Date(JSON.parse(line).time).getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  test("[L2] four workers share files and a pipe without mixing or losing a line", async () => {
    const logs = mkdtempSync(join(tmpdir(), "skitai-log-"));
    await using files = await testClient(script, 0, { workers: 4, args: ["--logs", logs] });
    await using pipe = await testClient(script, 0, { workers: 4 });
    const agent = `a${"x".repeat(900)}`;
    const requests = 1500;
    for (const client of [files, pipe]) {
      const one = (_: unknown, i: number) =>
        fetch(`${client.url}/string?n=${i}`, { headers: { "user-agent": agent } }).then((r) => r.text());
      await Promise.all(Array.from({ length: requests }, one));
    }
    await files.stop();
    await pipe.stop();
    for (const text of [readFileSync(join(logs, "request.log"), "utf8"), pipe.output]) {
      const lines = text
        .split("\n")
        .filter((line) => line.includes("/string?n="))
        .map(parseLine);
      expect(new Set(lines.map(({ uri }) => uri)).size).toBe(requests);
      expect(new Set(lines.map(({ worker }) => worker)).size).toBeGreaterThan(1);
    }
  });

  test("[L1] what is buffered is written when a handler ends the process", async () => {
    const logs = mkdtempSync(join(tmpdir(), "skitai-log-"));
    await using dying = await testClient(script, 0, { args: ["--logs", logs] });
    await dying.get("/string?last");
    await dying.get("/exit").catch(() => undefined);
    expect((await requestLine(join(logs, "request.log"), "/string?last")).status).toBe("200");
  });

  test("[L2] the default place is below /var/log/skitai, by user and name", async () => {
    const { logDirectory } = await import("../../src/log/directory.ts");
    const ownName = Bun.spawnSync(["id", "-un"]).stdout.toString().trim();
    expect(logDirectory("", "shop", "/srv")).toBe(join("/var/log/skitai", ownName, "shop"));
    expect(logDirectory("logs", "shop", "/srv")).toBe("/srv/logs");
    expect(logDirectory(undefined, "shop", "/srv")).toBeUndefined();
  });
});
