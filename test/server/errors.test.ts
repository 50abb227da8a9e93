import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";
import { RawConnection } from "../support/raw-connection.ts";

const script = new URL("./fixtures/errors.ts", import.meta.url);
let server: TestClient;
let pid: string;

beforeAll(async () => {
  server = await testClient(script);
  pid = (await server.get("/pid")).text;
});

afterAll(async () => {
  const after = (await server.get("/pid")).text;
  await server.stop();
  // Whatever the tests below did, it was one process that answered them.
  expect(after).toBe(pid);
});

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly transaction: string;
  readonly trace?: string;
}

/** Entries of the log with this id: first lines of tracebacks, and the request line. */
async function entries(id: string, from = server): Promise<{ traces: string[]; requests: string[] }> {
  const lines = (): string[] => from.output.split("\n").filter((line) => line.includes(id));
  // The request line is written last.
  await eventually(() => lines().some((line) => line.includes(` ${id} `)), `the request line of ${id}`);
  return {
    traces: lines().filter((line) => line.includes(`[expt:${id}/1000] `)),
    requests: lines().filter((line) => line.includes(` ${id} `)),
  };
}

const fields = (line: string): string[] => line.split(" ");

const json = { headers: { accept: "application/json" } };

describe("[E14] what a handler throws or returns becomes one problem and one log entry", () => {
  const cases: [path: string, status: number, logged: string][] = [
    ["/error", 500, "Error: it <b>broke</b>"],
    ["/string", 500, '"a string"'],
    ["/object", 500, "{"],
    ["/null", 500, "null"],
    ["/undefined", 500, "undefined"],
    ["/exception", 403, "Error: not yours"],
    ["/status", 418, "Error: no coffee"],
    ["/odd-status", 500, "Error: odd"],
    ["/rejects", 500, "Error: rejected"],
    ["/rejects-at-once", 500, "Error: rejected"],
    ["/nothing", 500, "SkitaiError: handler: returned nothing, a Response is needed"],
    ["/nothing-later", 500, "SkitaiError: handler: returned nothing, a Response is needed"],
    ["/text", 500, 'SkitaiError: handler: "a text" is not accepted; accepted: a Response'],
    ["/text-later", 500, 'SkitaiError: handler: "a text" is not accepted; accepted: a Response'],
    ["/used", 500, "SkitaiError: handler: a response whose body was not read yet"],
    ["/locked", 500, "TypeError: Body object should not be disturbed or locked"],
    ["/breaks-at-once", 500, "Error: stream broke"],
    ["/100", 500, "RangeError: The status provided (100) must be 101 or in the range of [200, 599]"],
    ["/101", 500, "SkitaiError: status of the handler's response: 101 is not accepted; accepted: 200 to 599"],
    [
      "/error-response",
      500,
      "SkitaiError: status of the handler's response: 0 is not accepted; accepted: 200 to 599",
    ],
    ["/bad-header", 500, "TypeError: Header 'x-a' has invalid value"],
    ["/hono/error", 500, "Error: in hono"],
    ["/hono/exception", 403, "Error: not yours"],
    ["/passing/error", 500, "Error: passed on"],
  ];
  for (const [path, status, logged] of cases) {
    test(path, async () => {
      const result = await server.get<Problem>(path, json);
      expect(result.status).toBe(status);
      expect(result.headers.get("content-type")).toBe("application/problem+json");
      expect(result.headers.get("cache-control")).toBe("no-store");
      const { transaction, ...problem } = result.data;
      expect(transaction).toMatch(/^GTID-C\d+-R\d+$/);
      const title = { 403: "Forbidden", 418: "I'm a Teapot", 500: "Internal Server Error" }[status]!;
      const detail = { 403: "not yours", 418: "no coffee" }[status];
      expect(problem).toEqual({
        type: "about:blank",
        title,
        status,
        ...(detail === undefined ? {} : { detail }),
      });
      const { traces, requests } = await entries(transaction);
      expect(traces.map((line) => line.slice(line.indexOf("] ") + 2))).toEqual([logged]);
      expect(requests.map((line) => fields(line)[8])).toEqual([String(status)]);
    });
  }
});

test("[E14] the log entry has the stack and the causes, indented", async () => {
  const { transaction } = (await server.get<Problem>("/rejects", json)).data;
  await entries(transaction);
  const entry = server.output.slice(server.output.indexOf(`[expt:${transaction}`));
  expect(entry).toMatch(/^\S+ Error: rejected\n {6}at .*errors\.ts:\d+:\d+\)?\n/);
  expect(entry).toContain("\n  caused by Error: the cause\n");
});

describe("[E12] a handler that does not answer in time gets 503 and one log entry", () => {
  for (const path of ["/never", "/late"]) {
    test.concurrent(path, async () => {
      const started = Date.now();
      const result = await server.get<Problem>(path, json);
      expect(Date.now() - started).toBeWithin(1000, 2500);
      expect(result.status).toBe(503);
      expect(result.data.title).toBe("Service Unavailable");
      // It rejects after its answer: nobody is to hear of that.
      while (path === "/late" && (await server.get("/late-ended")).data === false) await Bun.sleep(50);
      const { traces } = await entries(result.data.transaction);
      expect(traces.map((line) => line.slice(line.indexOf("] ") + 2))).toEqual([
        "SkitaiError: handler: no answer within 1 s",
      ]);
      expect(server.output).not.toContain("Error: late");
    });
  }
});

describe("[E14] an error handler of one app", () => {
  const cases: [path: string, status: number, body: RegExp, logged: string[]][] = [
    ["/own", 422, /^{"own":"http:\/\/[\d.:]+\/own"}$/, ["Error: first"]],
    ["/own-later", 503, /^own, later$/, ["Error: first"]],
    ["/leaves", 500, /"title":"Internal Server Error"/, ["Error: first"]],
    ["/leaves-later", 500, /"title":"Internal Server Error"/, ["Error: first"]],
    ["/throws", 500, /"title":"Internal Server Error"/, ["Error: second"]],
    ["/throws-text", 500, /"title":"Internal Server Error"/, ['Error: onError threw "second, as text"']],
    ["/rejects", 500, /"title":"Internal Server Error"/, ["Error: second"]],
    ["/never", 503, /"title":"Service Unavailable"/, ["SkitaiError: handler: no answer within 1 s"]],
  ];
  for (const [path, status, body, logged] of cases) {
    test.concurrent(path, async () => {
      const id = `own${path.replace("/", "-")}`;
      const headers = { accept: "application/json", "x-gtxn-id": id };
      const result = await server.get(`/handled${path}`, { headers });
      expect(result.status).toBe(status);
      expect(result.text).toMatch(body);
      await eventually(
        () => server.output.split("\n").some((line) => line.includes(` ${id} `)),
        `the request line of ${id}`,
      );
      const lines = server.output.split("\n");
      const traces = lines.flatMap((line, at) => (line.includes(`[expt:${id}/`) ? [at] : []));
      expect(traces.map((at) => lines[at]!.slice(lines[at]!.indexOf("] ") + 2))).toEqual(logged);
      // An error of the handler does not hide the one it was to handle.
      if (logged[0] !== "Error: first") {
        const entry = lines.slice(traces[0]! + 1).findIndex((line) => !line.startsWith("  "));
        expect(lines.slice(traces[0]! + 1, traces[0]! + 1 + entry)).toContain("  caused by Error: first");
      }
    });
  }
});

describe("[E14] a stream that breaks", () => {
  async function whole(path: string): Promise<{ text: string; requests: string[]; traces: string[] }> {
    using connection = await RawConnection.open(server.port);
    const id = `stream${path.replace("/", "-")}`;
    connection.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nX-Gtxn-Id: ${id}\r\n\r\n`);
    const text = await connection.close();
    return { text, ...(await entries(id)) };
  }

  test("before its first byte closes the connection without a whole answer", async () => {
    const { text, traces, requests } = await whole("/breaks-first");
    expect(text).not.toContain("\r\n0\r\n");
    expect(text).not.toContain("<html");
    expect(traces).toHaveLength(1);
    expect(traces[0]).toEndWith("] Error: stream broke");
    expect(requests.map((line) => fields(line)[9])).toEqual(["0"]);
  });

  for (const [path, sent] of [
    ["/breaks-later", "5\r\nsome \r\n5\r\nbytes\r\n"],
    ["/generator", "5\r\nsome \r\n"],
  ] as const) {
    test(`after some bytes closes the connection without the last chunk: ${path}`, async () => {
      const { text, traces, requests } = await whole(path);
      expect(text.slice(text.indexOf("\r\n\r\n") + 4)).toBe(sent);
      expect(traces).toHaveLength(1);
      expect(traces[0]).toEndWith("] Error: stream broke");
      expect(requests.map((line) => fields(line)[9])).toEqual([path === "/generator" ? "5" : "10"]);
    });
  }
});

describe("[E14] a Bun.file that cannot be sent is a 404, not Bun's page", () => {
  for (const path of ["/missing-file", "/missing-file-status", "/missing-slice", "/directory-file"]) {
    test(path, async () => {
      const result = await server.get<Problem>(path, json);
      expect(result.status).toBe(404);
      expect(result.data).toMatchObject({ title: "Not Found", detail: "this file does not exist" });
      const { traces, requests } = await entries(result.data.transaction);
      expect(traces).toEqual([]);
      expect(requests.map((line) => fields(line)[8])).toEqual(["404"]);
    });
  }
});

describe("[E14] a status that has no body gets none", () => {
  for (const [path, status] of [
    ["/204-body", 204],
    ["/204-stream", 204],
    ["/205-body", 205],
    ["/304-body", 304],
  ] as const) {
    test(path, async () => {
      using connection = await RawConnection.open(server.port);
      const id = `bodyless${path.replace("/", "-")}`;
      connection.write(
        `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Gtxn-Id: ${id}\r\n\r\nGET /pid HTTP/1.1\r\nHost: a\r\n\r\n`,
      );
      const answer = await connection.answer();
      expect([answer.status, answer.body]).toEqual([status, ""]);
      expect((await connection.answer()).body).toBe(pid);
      const { requests } = await entries(id);
      expect(requests.map((line) => fields(line)[9])).toEqual(["0"]);
    });
  }
});

test("[E14] the length of a body is the engine's to say", async () => {
  const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  using connection = await RawConnection.open(server.port);
  for (const path of ["/own-length", "/own-chunked"]) {
    const { headers, body } = await connection.write(request(path)).answer();
    expect([headers.get("content-length"), headers.get("transfer-encoding"), body]).toEqual([
      "3",
      null,
      "abc",
    ]);
  }
});

test("[E14] errors nobody waits for are logged and end nothing", async () => {
  expect((await server.get("/rejection-aside")).text).toBe("fine");
  expect((await server.get("/throw-aside")).text).toBe("fine");
  await eventually(() => server.output.includes("] Error: aside\n"), "the entry of the rejection");
  await eventually(() => server.output.includes("] Error: aside, later\n"), "the entry of the throw");
  expect((await server.get("/pid")).text).toBe(pid);
});

test("[E14] an HTTPException of Hono that brings its response keeps it", async () => {
  const result = await server.get("/hono/own-response");
  expect([result.status, result.text]).toEqual([401, "who are you?"]);
  expect(result.headers.get("www-authenticate")).toBe("Basic");
});
