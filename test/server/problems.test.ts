import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { exchange } from "../support/raw-connection.ts";

const script = new URL("./fixtures/errors.ts", import.meta.url);
let server: TestClient;
beforeAll(async () => {
  server = await testClient(script);
});
afterAll(() => server.stop());

type Problem = Record<"detail" | "trace", string>;
const json = { headers: { accept: "application/json" } };

describe("[E14] problem JSON or HTML by Accept", () => {
  const html = "text/html;charset=utf-8";
  const problem = "application/problem+json";
  const cases: [accept: string, type: string][] = [
    ["*/*", problem],
    ["text/html", html],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", html],
    ["application/json", problem],
    ["application/json, text/html;q=0.9", problem],
    ["application/problem+json, text/html", html],
    ["TEXT/HTML;q=0.5, application/json;q=0.4", html],
    ["text/html;q=0", problem],
    ["text/html;q=nonsense", problem],
    ["application/xhtml+xml", html],
    [";;;,,,", problem],
  ];
  for (const [accept, type] of cases) {
    test(accept, async () => {
      const result = await server.get("/error", { headers: { accept } });
      expect(result.status).toBe(500);
      expect(result.headers.get("content-type")).toBe(type);
      expect(result.headers.get("vary")).toBe("accept");
    });
  }

  test("without Accept it is JSON", async () => {
    const answer = await exchange(server.port, "GET /error HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(answer.headers.get("content-type")).toBe(problem);
  });
});

describe("[E14] stack traces", () => {
  const show = { headers: { accept: "text/html" } };

  test("are not shown in production, neither are messages of server errors", async () => {
    for (const accept of ["text/html", "application/json"]) {
      const { text } = await server.get("/error", { headers: { accept } });
      expect(text).not.toContain("broke");
      expect(text).not.toContain("errors.ts");
    }
  });

  test("are shown by an app with debug, escaped in HTML", async () => {
    const { text, status } = await server.get("/debug/error", show);
    expect(status).toBe(500);
    expect(text).toContain("<p>it &lt;b&gt;broke&lt;/b&gt;</p>");
    expect(text).toMatch(/<pre>Error: it &lt;b&gt;broke&lt;\/b&gt;\n {4}at \S+ \(\S+errors\.ts:\d+:\d+\)/);
    const { data } = await server.get<Problem>("/debug/error", json);
    expect(data.detail).toBe("it <b>broke</b>");
    expect(data.trace).toMatch(/^Error: it <b>broke<\/b>\n {4}at \S+ \(\S+errors\.ts:\d+:\d+\)/);
  });

  test("are shown by --devel, and by nothing with --silent", async () => {
    await using devel = await testClient(script, undefined, { args: ["--devel"] });
    await using silent = await testClient(script, undefined, { args: ["--silent", "--devel"] });
    expect((await devel.get<Problem>("/error", json)).data.trace).toStartWith("Error: it <b>broke</b>\n");
    for (const path of ["/error", "/debug/error"]) {
      const { data } = await silent.get<Problem>(path, json);
      expect(Object.keys(data)).toEqual(["type", "title", "status", "transaction"]);
    }
  });
});
