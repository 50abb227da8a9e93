import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { exchange, RawConnection } from "../support/raw-connection.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(new URL("./fixtures/hygiene.ts", import.meta.url));
});
afterAll(() => server.stop());

const ask = (request: string) => exchange(server.port, request);
const get = (target: string, host = "a.test"): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

describe("[RFC 6585 §5] limits of the head", () => {
  const cases: [what: string, request: string][] = [
    ["a field of 20 KB", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
    ["a target of 20 KB", get(`/${"x".repeat(20_000)}`)],
    ["20 KB of fields", `GET / HTTP/1.1\r\nHost: a\r\n${`X: ${"x".repeat(500)}\r\n`.repeat(40)}\r\n`],
    ["250 fields", `GET / HTTP/1.1\r\nHost: a\r\n${"X: x\r\n".repeat(250)}\r\n`],
  ];
  for (const [what, request] of cases) {
    test(`${what}: 431 and a close`, async () => {
      using connection = await RawConnection.open(server.port);
      expect((await connection.write(request).answer()).status).toBe(431);
      expect(await connection.close()).toBe("");
    });
  }

  test("150 fields and 12 KB are accepted", async () => {
    const fields = `X: ${"x".repeat(75)}\r\n`.repeat(150);
    expect((await ask(`GET /kinds/text HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)).body).toBe("Hello");
  });
});

describe("[RFC 9112 §6.3, §11.2] what could smuggle a request is refused", () => {
  const chunks = "0\r\n\r\n";
  const post = (fields: string, body: string): string =>
    `POST /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;
  const cases: [what: string, request: string][] = [
    ["Content-Length and Transfer-Encoding", post("Content-Length: 5\r\nTransfer-Encoding: chunked", chunks)],
    ["Transfer-Encoding and Content-Length", post("Transfer-Encoding: chunked\r\nContent-Length: 5", chunks)],
    ["two lengths", post("Content-Length: 5\r\nContent-Length: 6", "abcdef")],
    ["a list of lengths", post("Content-Length: 3, 3", "abc")],
    ["a signed length", post("Content-Length: +3", "abc")],
    ["a negative length", post("Content-Length: -3", "abc")],
    ["a hexadecimal length", post("Content-Length: 0x3", "abc")],
    ["an empty length", post("Content-Length: ", "abc")],
    ["a huge length", post("Content-Length: 99999999999999999999", "abc")],
    ["two codings", post("Transfer-Encoding: gzip, chunked", chunks)],
    ["an unknown coding", post("Transfer-Encoding: xchunked", chunks)],
    ["chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", chunks)],
    ["identity behind chunked", post("Transfer-Encoding: chunked, identity", chunks)],
    ["a tab before chunked", post("Transfer-Encoding:\tchunked\x0b", chunks)],
    ["chunked in HTTP/1.0", post("Transfer-Encoding: chunked", chunks).replace("HTTP/1.1", "HTTP/1.0")],
    ["a blank before the colon", post("Content-Length : 3", "abc")],
    ["a folded field", post("X: a\r\n b: c", "")],
    ["a field without colon", post("Nonsense", "")],
    ["a bare CR in a field", post("X: a\rb: c", "")],
    ["a NUL in a field", post("X: a\0b", "")],
    ["a blank in a field name", post("X Y: a", "")],
    ["two blanks in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"],
    ["another version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"],
    ["no version", "GET /\r\n\r\n"],
  ];
  for (const [what, request] of cases) {
    test(what, async () => {
      using connection = await RawConnection.open(server.port);
      connection.write(request + get("/smuggled"));
      const answer = await connection.answer();
      expect(answer.status).toBeOneOf([400, 501, 505]);
      expect(await connection.close()).not.toContain("/smuggled");
    });
  }

  const bad: [what: string, body: string][] = [
    ["a size that is none", "zz\r\nabc\r\n0\r\n\r\n"],
    ["a negative size", "-3\r\nabc\r\n0\r\n\r\n"],
    ["a prefixed size", "0x3\r\nabc\r\n0\r\n\r\n"],
    ["a huge size", "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"],
    ["a chunk longer than its size", "2\r\nabc\r\n0\r\n\r\n"],
    ["a bare LF behind a size", "3\nabc\r\n0\r\n\r\n"],
  ];
  for (const [what, body] of bad) {
    test(`in chunks: ${what}`, async () => {
      using connection = await RawConnection.open(server.port);
      connection.write(
        `POST /x?body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}${get("/smuggled")}`,
      );
      const received = await connection.close();
      expect(received).not.toContain("200 OK");
      expect(received).not.toContain("/smuggled");
    });
  }
});

describe("[RFC 9112 §9.3.2] one connection", () => {
  test("answers pipelined requests in order", async () => {
    using connection = await RawConnection.open(server.port);
    const paths = Array.from({ length: 50 }, (_, index) => `/kinds/number/${index}`);
    connection.write(paths.map((path) => get(path)).join(""));
    for (const path of paths) expect((await connection.answer()).body).toBe(path.slice(6));
  });

  test("takes a request in pieces", async () => {
    using connection = await RawConnection.open(server.port);
    for (const piece of ["GE", "T /kinds/te", "xt HTTP/1.1\r", "\nHost", ": a\r\n", "\r", "\n"]) {
      connection.write(piece);
      await Bun.sleep(5);
    }
    expect((await connection.answer()).body).toBe("Hello");
  });

  test("is closed by Connection: close", async () => {
    using connection = await RawConnection.open(server.port);
    connection.write("GET /kinds/text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect((await connection.answer()).body).toBe("Hello");
    expect(await connection.close()).toBe("");
  });

  test("is told to send a body it announced with Expect: 100-continue", async () => {
    using connection = await RawConnection.open(server.port);
    connection.write("POST /x?body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    expect((await connection.answer()).status).toBe(100);
    expect(JSON.parse((await connection.write("abc").answer()).body)).toMatchObject({ body: "abc" });
  });

  test("ignores the body of a GET, and finds the next request", async () => {
    using connection = await RawConnection.open(server.port);
    connection.write(
      `GET /kinds/text HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${get("/kinds/json")}`,
    );
    expect((await connection.answer()).body).toBe("Hello");
    expect((await connection.answer()).body).toBe('{"hello":true}');
  });

  test("stays HTTP/1.1 when it is asked to become h2c", async () => {
    const fields =
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    const { status, body } = await ask(`GET /kinds/text HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    expect([status, body]).toEqual([200, "Hello"]);
  });
});
