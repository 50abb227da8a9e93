import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { type RawAnswer, RawConnection } from "../support/raw-connection.ts";

// The fixture: maxUploadSize 1 MiB, requestTimeout and keepAlive 1 s.
const script = new URL("./fixtures/bodies.ts", import.meta.url);
let server: TestClient;
beforeAll(async () => {
  server = await testClient(script);
});
afterAll(() => server.stop());

const post = (path: string, fields: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n${fields}\r\n\r\n`;
const sized = (path: string, length: number, type = "text/plain"): string =>
  post(path, `Content-Length: ${length}\r\nContent-Type: ${type}`);
const chunked = (path: string, type = "text/plain"): string =>
  post(path, `Transfer-Encoding: chunked\r\nContent-Type: ${type}`);
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const hash = (text: string | Uint8Array): string => Bun.SHA256.hash(text, "hex");
const problem = ({ body }: RawAnswer): unknown => JSON.parse(body);

/** Text of a length that is not the same everywhere. */
const text = (length: number): string =>
  Array.from({ length: Math.ceil(length / 8) }, (_, index) => String(index).padStart(8, "."))
    .join("")
    .slice(0, length);

describe("[E12] a body that stalls is cut by requestTimeout", () => {
  const cases: [what: string, start: string][] = [
    ["small", sized("/text", 500) + text(100)],
    ["small, as JSON, in Hono", sized("/hono/json", 500, "application/json") + text(100)],
    ["small, not one byte", sized("/text", 500)],
    ["big", sized("/text", 500_000) + text(100)],
    ["big, as a stream", sized("/drained", 500_000) + text(100)],
    ["big, as a form", sized("/formData", 500_000, "multipart/form-data; boundary=b") + "--b\r\n"],
    ["chunked", chunked("/text") + chunk(text(100))],
    ["chunked, within a chunk", `${chunked("/text")}fff\r\nabc`],
    ["chunked, not one byte", chunked("/text")],
    ["cloned", sized("/clone", 500_000) + text(100)],
  ];
  for (const [what, start] of cases) {
    test.concurrent(what, async () => {
      using connection = await RawConnection.open(server.port);
      const started = Date.now();
      const answer = await connection.write(start).answer();
      expect(Date.now() - started).toBeWithin(900, 2500);
      expect(answer.status).toBe(408);
      expect(answer.headers.get("connection")).toBe("close");
      expect(problem(answer)).toMatchObject({
        title: "Request Timeout",
        detail: "request body: the client stopped sending",
      });
      expect(await connection.close()).toBe("");
    });
  }

  test.concurrent("an app that catches the error answers, and the connection is closed", async () => {
    using connection = await RawConnection.open(server.port);
    const answer = await connection.write(sized("/caught", 500) + text(100)).answer();
    expect([answer.status, answer.body]).toEqual([200, '"BODY_TIMEOUT"']);
    expect(await connection.close()).toBe("");
  });

  /** Sends `total` bytes, `step` of them every `every` ms. */
  async function slowly(
    connection: RawConnection,
    total: number,
    step: number,
    every: number,
  ): Promise<void> {
    for (let at = 0; at < total; at += step) {
      connection.write(text(total).slice(at, at + step));
      await Bun.sleep(every);
    }
  }

  for (const size of [2500, 14_000]) {
    test.concurrent(
      `a slow one that moves is not cut: ${size} bytes at 1 KB/s`,
      async () => {
        using connection = await RawConnection.open(server.port);
        connection.write(sized("/text", size));
        await slowly(connection, size, 500, 480);
        const answer = await connection.answer();
        expect([answer.status, problem(answer)]).toEqual([200, hash(text(size))]);
      },
      20_000,
    );
  }

  test.concurrent(
    "a handler that read a slow one has requestTimeout from then on",
    async () => {
      using connection = await RawConnection.open(server.port);
      connection.write(sized("/hangs", 2000));
      await slowly(connection, 2000, 500, 480);
      const read = Date.now();
      expect(connection.received).toBe("");
      expect((await connection.answer()).status).toBe(503);
      expect(Date.now() - read).toBeWithin(400, 2500);
    },
    20_000,
  );

  test.concurrent(
    "a chunked one that drips is not cut",
    async () => {
      using connection = await RawConnection.open(server.port);
      connection.write(chunked("/text"));
      for (let count = 0; count < 12; count++) {
        connection.write(chunk("drip"));
        await Bun.sleep(400);
      }
      const answer = await connection.write("0\r\n\r\n").answer();
      expect([answer.status, problem(answer)]).toEqual([200, hash("drip".repeat(12))]);
    },
    20_000,
  );
});
