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

describe("[E11] the body can be read every way", () => {
  const bytesReaders = [
    "text",
    "arrayBuffer",
    "bytes",
    "blob",
    "body",
    "clone",
    "looked-at",
    "wrapped",
    "readdressed",
    "later",
  ];
  // Small ones are read natively, large and chunked ones through a stream that counts.
  for (const size of [1, 900, 5000, 500_000]) {
    for (const reader of bytesReaders) {
      test(`${reader} of ${size} bytes, announced and chunked`, async () => {
        const body = text(size);
        const whole = await server.post(`/${reader}`, body);
        expect([whole.status, whole.data]).toEqual([200, hash(body)]);
        using connection = await RawConnection.open(server.port);
        connection.write(chunked(`/${reader}`));
        for (let at = 0; at < size; at += 60_000) connection.write(chunk(body.slice(at, at + 60_000)));
        const answer = await connection.write("0\r\n\r\n").answer();
        expect([answer.status, problem(answer)]).toEqual([200, hash(body)]);
      });
    }
  }

  test("a body that was looked at can still be cloned", async () => {
    for (const size of [10, 5000]) {
      const both = [hash(text(size)), hash(text(size))];
      expect((await server.post("/looked-at-clone", text(size))).data).toEqual(both);
    }
  });

  test("a clone has the URL of its original", async () => {
    expect((await server.post("/limited/clone-url", "abc")).data).toEqual([true, 3]);
  });

  test("as JSON and as forms", async () => {
    const data = { list: [1, 2, text(3000)] };
    for (const path of ["/json", "/hono/json"]) expect((await server.post(path, data)).data).toEqual(data);
    expect((await server.post("/hono/twice", data)).data).toEqual([data, data]);
    const form = { a: "1", b: text(3000) };
    const pairs = [
      ["a", "1"],
      ["b", text(3000)],
    ];
    expect((await server.post("/formData", form, { as: "form" })).data).toEqual(pairs);
    expect((await server.post("/hono/form", form, { as: "form" })).data).toEqual(pairs);
  });

  test("a blob has the Content-Type of the request", async () => {
    for (const size of [10, 5000]) {
      const headers = { "content-type": "text/csv" };
      expect((await server.post("/blob-type", text(size), { headers })).data).toStartWith("text/csv");
    }
  });

  test("bodyUsed says so", async () => {
    for (const size of [10, 5000]) expect((await server.post("/used", text(size))).data).toBeTrue();
  });

  test("without one it is empty", async () => {
    using connection = await RawConnection.open(server.port);
    const { body } = await connection.write(sized("/no-body", 0)).answer();
    expect(JSON.parse(body)).toEqual([true, ""]);
  });

  test("twice is a clean error", async () => {
    for (const path of ["/twice", "/twice-streamed"]) {
      for (const size of [10, 5000]) {
        const result = await server.post<{ title: string }>(path, text(size));
        expect([result.status, result.data.title]).toEqual([500, "Internal Server Error"]);
      }
    }
  });

  test("JSON that is none is a clean error, and the connection is kept", async () => {
    using connection = await RawConnection.open(server.port);
    for (const size of [10, 5000]) {
      const answer = await connection.write(sized("/json", size) + text(size)).answer();
      expect(answer.status).toBe(500);
      expect(answer.headers.get("connection")).toBeNull();
    }
  });

  test("not at all leaves the connection usable", async () => {
    using connection = await RawConnection.open(server.port);
    connection.write(sized("/unread", 5000) + text(5000));
    expect((await connection.answer()).body).toBe('"not read"');
    expect((await connection.write(sized("/used", 1)).write("x").answer()).body).toBe("true");
  });
});
