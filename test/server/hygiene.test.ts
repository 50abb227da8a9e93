import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { exchange, RawConnection } from "../support/raw-connection.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(new URL("./fixtures/hygiene.ts", import.meta.url));
});
afterAll(() => server.stop());

/** What the fixture's handler says of a request. */
interface Echo {
  readonly method: string;
  readonly href: string;
  readonly pathname: string;
  readonly path: string;
  readonly host: string | null;
  readonly body?: string;
}

const ask = (request: string) => exchange(server.port, request);
const get = (target: string, host = "a.test"): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

describe("[RFC 9112 §3.2] Host", () => {
  const refused = [
    "a, b",
    "a,a",
    ",",
    "",
    "   ",
    "a b",
    "a/b",
    "a?b",
    "a#b",
    "x/private?y#",
    "user@a",
    "a\\b",
    "a%41",
    "a|b",
    "<a>",
    "{a}",
    "\u00e4",
    "a:b",
    "a:99999",
    "a:80:80",
    "999.1.1.1",
    "[::1",
    "[::z]",
    "::1",
    "http://a",
  ];
  for (const host of refused) {
    test(`${JSON.stringify(host)} is refused and the connection closed`, async () => {
      using connection = await RawConnection.open(server.port);
      const answer = await connection.write(get("/", host) + get("/smuggled")).answer();
      expect(answer.status).toBe(400);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(JSON.parse(answer.body)).toMatchObject({
        title: "Bad Request",
        detail: "Host must be given once, as one host name with an optional port",
      });
      expect(await connection.close()).toBe("");
    });
  }

  for (const [first, second] of [
    ["a", "b"],
    ["a", "a"],
    ["a", ""],
    ["", "a"],
  ]) {
    test(`twice, ${JSON.stringify([first, second])}, is refused`, async () => {
      const { status, headers } = await ask(`GET / HTTP/1.1\r\nHost: ${first}\r\nHost: ${second}\r\n\r\n`);
      expect([status, headers.get("connection")]).toEqual([400, "close"]);
    });
  }

  test("missing in HTTP/1.1 is refused", async () => {
    const { status, headers } = await ask("GET / HTTP/1.1\r\nAccept: */*\r\n\r\n");
    expect([status, headers.get("connection")]).toEqual([400, "close"]);
  });

  const accepted: [host: string, href: string][] = [
    ["a.test", "http://a.test/x?q=1"],
    ["A.TEST", "http://a.test/x?q=1"],
    ["a_b.test:8080", "http://a_b.test:8080/x?q=1"],
    ["a.test:", "http://a.test/x?q=1"],
    ["127.0.0.1:5000", "http://127.0.0.1:5000/x?q=1"],
    ["[::1]:5000", "http://[::1]:5000/x?q=1"],
  ];
  for (const [host, href] of accepted) {
    test(`${host} is accepted`, async () => {
      const { status, body } = await ask(get("/x?q=1", host));
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ href, host, path: "/x" } satisfies Partial<Echo>);
    });
  }
});

describe("[RFC 9112 §2.3] HTTP/1.0", () => {
  test("works without Host, and the app sees an absolute URL", async () => {
    using connection = await RawConnection.open(server.port);
    const { status, body } = await connection.write("GET /x?q=1 HTTP/1.0\r\n\r\n").answer();
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      method: "GET",
      href: "http://localhost/x?q=1",
      pathname: "/x",
      path: "/x",
      host: null,
    });
    expect(await connection.close()).toBe("");
  });

  test("works without Host below a mount point, for Hono and for files", async () => {
    expect((await ask("GET /hono/text HTTP/1.0\r\n\r\n")).body).toBe("Hello");
    expect((await ask("GET /files/page.html HTTP/1.0\r\n\r\n")).body).toContain("<title>page</title>");
  });

  test("closes after the answer, also with Connection: keep-alive", async () => {
    using connection = await RawConnection.open(server.port);
    connection.write("GET /kinds/text HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    expect((await connection.answer()).body).toBe("Hello");
    expect(await connection.close()).toBe("");
  });
});

describe("[RFC 9110 §9] methods", () => {
  for (const request of [
    "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
    "TRACE /x HTTP/1.1\r\nHost: a.test\r\n\r\n",
  ]) {
    test(`${request.split(" ")[0]} is not implemented`, async () => {
      using connection = await RawConnection.open(server.port);
      const { status, body } = await connection.write(request).answer();
      expect(status).toBe(501);
      expect(JSON.parse(body)).toMatchObject({ title: "Not Implemented" });
      expect(await connection.close()).toBe("");
    });
  }

  for (const method of ["PUT", "PATCH", "DELETE", "PROPFIND", "QUERY"]) {
    test(`${method} reaches the app`, async () => {
      const { body } = await ask(`${method} /x?body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`);
      expect(JSON.parse(body)).toMatchObject({ method, body: "abc" });
    });
  }

  test("OPTIONS reaches the app", async () => {
    const { body } = await ask("OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(JSON.parse(body)).toMatchObject({ method: "OPTIONS", path: "/x" });
  });
});

describe("[RFC 9110 §9.3.2] HEAD has the fields of GET and no body", () => {
  const paths = [
    "/kinds/text",
    "/kinds/bytes",
    "/kinds/json",
    "/kinds/created",
    "/kinds/blob",
    "/kinds/file",
    "/kinds/empty",
    "/kinds/long",
    "/kinds/missing",
    "/hono/text",
    "/hono/json",
    "/files/page.html",
  ];
  for (const path of paths) {
    test(path, async () => {
      const whole = await ask(get(path));
      using connection = await RawConnection.open(server.port);
      connection.write(get(path).replace("GET", "HEAD") + get("/kinds/text"));
      const head = await connection.answer({ bodyless: true });
      expect(head.status).toBe(whole.status);
      for (const each of [whole, head]) each.headers.delete("date");
      expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(whole.headers));
      // The next answer starts right behind the fields.
      expect((await connection.answer()).body).toBe("Hello");
    });
  }

  test("of a stream says no length and cancels it", async () => {
    using connection = await RawConnection.open(server.port);
    connection.write(get("/kinds/endless").replace("GET", "HEAD"));
    const head = await connection.answer({ bodyless: true });
    expect(head.headers.get("content-length")).toBeNull();
    await connection.write(get("/kinds/cancelled")).until(/cancelled$/);
  });
});

describe("[S1] methods on static files", () => {
  const on = (method: string, path: string, body = ""): string =>
    `${method} ${path} HTTP/1.1\r\nHost: static.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  for (const method of ["POST", "PUT", "PATCH", "DELETE", "QUERY"]) {
    test(`${method} is 405 with Allow, and the connection stays usable`, async () => {
      using connection = await RawConnection.open(server.port);
      connection.write(on(method, "/page.html", "abc") + get("/page.html", "static.test"));
      const { status, headers, body } = await connection.answer();
      expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
      expect(JSON.parse(body)).toMatchObject({ detail: `${method} is not allowed here` });
      expect((await connection.answer()).status).toBe(200);
    });
  }

  test("OPTIONS says what is allowed", async () => {
    const { status, headers } = await ask(on("OPTIONS", "/page.html"));
    expect([status, headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
  });

  test("what does not exist is 404 for every method", async () => {
    for (const method of ["GET", "POST", "OPTIONS", "DELETE"])
      expect((await ask(on(method, "/none.html"))).status).toBe(404);
  });
});
