import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";
import { type RawAnswer, RawConnection } from "../support/raw-connection.ts";

// The fixture: maxUploadSize 1 MiB, requestTimeout and keepAlive 1 s.
const script = new URL("./fixtures/bodies.ts", import.meta.url);
let server: TestClient;
beforeAll(async () => {
  server = await testClient(script);
});
afterAll(() => server.stop());

const megabyte = 1024 * 1024;
const post = (path: string, fields: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n${fields}\r\n\r\n`;
const sized = (path: string, length: number, type = "text/plain"): string =>
  post(path, `Content-Length: ${length}\r\nContent-Type: ${type}`);
const chunked = (path: string, type = "text/plain"): string =>
  post(path, `Transfer-Encoding: chunked\r\nContent-Type: ${type}`);
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const hash = (text: string | Uint8Array): string => Bun.SHA256.hash(text, "hex");
const problem = ({ body }: RawAnswer): unknown => JSON.parse(body);
const calls = async (): Promise<number> => (await server.get<number>("/calls")).data;

/** Text of a length that is not the same everywhere. */
const text = (length: number): string =>
  Array.from({ length: Math.ceil(length / 8) }, (_, index) => String(index).padStart(8, "."))
    .join("")
    .slice(0, length);

describe("[E11] a body that is announced too large is 413 before any byte of it is sent", () => {
  const form = "multipart/form-data; boundary=b";
  const cases: [path: string, type: string, limit: number][] = [
    ["/text", "text/plain", megabyte],
    ["/text", form, megabyte],
    ["/limited/text", "text/plain", 1000],
    ["/limited/formData", form, 4096],
    ["/limited/formData", form.toUpperCase().replace("B=", "b="), 4096],
    // No mount is above the server's own limit.
    ["/above/text", "text/plain", megabyte],
    ["/hono/json", "application/json", megabyte],
    ["/hono-limited/json", "application/json", 1000],
  ];
  for (const [path, type, limit] of cases) {
    test(`${path} as ${type}`, async () => {
      using connection = await RawConnection.open(server.port);
      const before = await calls();
      const answer = await connection.write(sized(path, limit + 1, type)).answer();
      expect(answer.status).toBe(413);
      expect(answer.headers.get("connection")).toBe("close");
      expect(problem(answer)).toMatchObject({
        title: "Payload Too Large",
        detail: `request body: "${limit + 1} bytes" is not accepted; accepted: at most ${limit} bytes`,
      });
      expect(await connection.close()).toBe("");
      expect(await calls()).toBe(before);
    });
  }

  test("at the limit it is read", async () => {
    const result = await server.post("/limited/text", text(1000));
    expect([result.status, result.data]).toEqual([200, hash(text(1000))]);
  });

  test("a client that sends all the same gets the answer", async () => {
    const result = await server.post("/text", new Uint8Array(8 * megabyte));
    expect(result.status).toBe(413);
  });

  test("[limit] Bun says 100 Continue before the engine can refuse", async () => {
    using connection = await RawConnection.open(server.port);
    const head = post("/limited/text", "Content-Length: 1001\r\nExpect: 100-continue");
    const first = await connection.write(head).answer();
    expect(first.status).toBe(100);
    // The body is not waited for.
    expect((await connection.answer()).status).toBe(413);
    expect(await connection.close()).toBe("");
  });

  test("the limit is set by flag and by environment", async () => {
    await using flag = await testClient(script, undefined, { args: ["--max-upload-size", "2kb"] });
    await using environment = await testClient(script, undefined, { env: { SKITAI_MAX_UPLOAD_SIZE: "3kb" } });
    for (const [client, limit] of [
      [flag, 2048],
      [environment, 3072],
    ] as const) {
      expect((await client.post("/text", text(limit))).status).toBe(200);
      expect((await client.post("/text", text(limit + 1))).status).toBe(413);
    }
  });
});

describe("[E11] a chunked body is 413 as soon as it is too large", () => {
  for (const [path, limit] of [
    ["/limited/text", 1000],
    ["/limited/json", 1000],
    ["/limited/blob", 1000],
    ["/limited/bytes", 1000],
    ["/limited/arrayBuffer", 1000],
    ["/limited/body", 1000],
    ["/limited/clone", 1000],
    ["/limited/drained", 1000],
    ["/limited/wrapped", 1000],
    ["/limited/readdressed", 1000],
    ["/limited/later", 1000],
    ["/limited/looked-at-clone", 1000],
    ["/hono-limited/json", 1000],
    ["/hono-limited/text", 1000],
    ["/text", megabyte],
  ] as const) {
    test(path, async () => {
      using connection = await RawConnection.open(server.port);
      connection.write(chunked(path) + chunk(text(limit)));
      await Bun.sleep(20);
      expect(connection.received).toBe("");
      // The body does not end, so whoever answers did not wait for it.
      const answer = await connection.write(chunk("!")).answer();
      expect(answer.status).toBe(413);
      expect(problem(answer)).toMatchObject({
        detail: `request body: "${limit + 1} bytes" is not accepted; accepted: at most ${limit} bytes`,
      });
      expect(await connection.close()).toBe("");
    });
  }

  test("an app that catches the error answers, and the connection is closed", async () => {
    using connection = await RawConnection.open(server.port);
    connection.write(chunked("/limited/caught") + chunk(text(1001)));
    const answer = await connection.answer();
    expect([answer.status, answer.body]).toEqual([200, '"BODY_TOO_LARGE"']);
    expect(await connection.close()).toBe("");
  });

  test("at the limit it is read", async () => {
    using connection = await RawConnection.open(server.port);
    connection.write(`${chunked("/limited/text")}${chunk(text(1000))}0\r\n\r\n`);
    expect(problem(await connection.answer())).toBe(hash(text(1000)));
    // Nothing was refused: the connection is as good as before.
    expect((await connection.write(sized("/used", 1)).write("x").answer()).body).toBe("true");
  });
});

describe("[E11] a multipart form", () => {
  const file = (size: number): File => new File([text(size)], "a.txt", { type: "text/plain" });

  test("may be larger than other bodies, its files not", async () => {
    const good = await server.upload("/limited/formData", { title: "a", file: file(2048) });
    expect([good.status, good.data]).toEqual([
      200,
      [
        ["title", "a"],
        ["file", 2048],
      ],
    ]);
    const bad = await server.upload<{ detail: string }>("/limited/formData", {
      title: "a",
      file: file(2049),
    });
    expect(bad.status).toBe(413);
    expect(bad.data.detail).toBe('file: "2049 bytes" is not accepted; accepted: at most 2048 bytes');
  });

  test("of several small files is limited as a whole", async () => {
    const result = await server.upload("/limited/formData", { file: [file(2000), file(2000), file(2000)] });
    expect(result.status).toBe(413);
  });

  test("is parsed by Hono below a mount point", async () => {
    const fields = { title: ["a", "b"], file: file(100_000) };
    expect((await server.upload("/hono/form", fields)).data).toEqual([
      ["title", ["a", "b"]],
      ["file", 100_000],
    ]);
  });
});

test("[E11] what was refused is in the request log, and is no error of the app", async () => {
  await server.post("/limited/text?refused", text(1001));
  const line = await eventually(
    () => server.output.split("\n").find((each) => each.includes(" /limited/text?refused ")),
    "the request line",
  );
  expect(line.split(" ").slice(6, 9)).toEqual(["1.1", "1001", "413"]);
  expect(server.output).not.toContain("BODY_TOO_LARGE");
  expect(server.output).not.toContain("is not accepted; accepted: at most 1000 bytes");
});
