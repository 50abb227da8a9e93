import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";
import { exchange, RawConnection } from "../support/raw-connection.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(new URL("./fixtures/hygiene.ts", import.meta.url));
});
afterAll(() => server.stop());

const ask = (request: string) => exchange(server.port, request);
const get = (target: string, host = "a.test"): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

// Each shows what `Bun.serve` gives no way to mend; when one fails, Bun has changed and the README too has to.
test("[limit] an unknown method closes the connection without an answer, instead of 501", async () => {
  using connection = await RawConnection.open(server.port);
  expect(await connection.write("FOO / HTTP/1.1\r\nHost: a\r\n\r\n").close()).toBe("");
});

test("[limit] OPTIONS * is 400", async () => {
  expect((await ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")).status).toBe(400);
});

test("[limit] the host of an absolute-form target is lost, Host is believed", async () => {
  const { body } = await ask(get("http://other.test/x", "a.test"));
  expect(JSON.parse(body)).toMatchObject({ href: "http://a.test/x", host: "a.test" });
});

test("[limit] HTTP/1.0 with Host is logged as 1.1, and answers are HTTP/1.1", async () => {
  const answer = await ask("GET /kinds/text?as=1.0 HTTP/1.0\r\nHost: a\r\n\r\n");
  expect(answer.head).toStartWith("HTTP/1.1 200 OK\r\n");
  const line = await eventually(
    () => server.output.split("\n").find((each) => each.includes(" /kinds/text?as=1.0 ")),
    "the request line",
  );
  expect(line).toContain(" GET /kinds/text?as=1.0 1.1 0 200 5 ");
});

test("[limit] trailers of a request are followed by a stray 400 and a close", async () => {
  using connection = await RawConnection.open(server.port);
  connection.write(
    "POST /x?body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n" +
      "3\r\nabc\r\n0\r\nX: y\r\n\r\n",
  );
  expect(JSON.parse((await connection.answer()).body)).toMatchObject({ body: "abc" });
  expect((await connection.answer()).status).toBe(400);
  expect(await connection.close()).toBe("");
});

test("[limit] a request pipelined behind one whose answer is not ready closes the connection", async () => {
  using connection = await RawConnection.open(server.port);
  expect(await connection.write(get("/x?wait=100") + get("/kinds/text")).close()).toBe("");
});

test("[limit] an Expect other than 100-continue is ignored, instead of 417", async () => {
  const { status } = await ask("GET /kinds/text HTTP/1.1\r\nHost: a\r\nExpect: other\r\n\r\n");
  expect(status).toBe(200);
});

test("[limit] bodies of GET requests do not reach the app", async () => {
  const { body } = await ask("GET /x?body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  expect(JSON.parse(body)).toMatchObject({ body: "" });
});

test("[limit] refusals of Bun itself are neither problems nor logged", async () => {
  const before = server.output.length;
  const { headers, body } = await ask("GET /unlogged HTTP/1.1\r\nAccept: */*\r\n\r\n");
  expect([headers.get("content-type"), body]).toEqual([null, ""]);
  await ask(get("/logged"));
  await eventually(() => server.output.slice(before).includes(" GET /logged "), "the next request line");
  expect(server.output.slice(before)).not.toContain("/unlogged");
});

test("[limit] the head of a request has 12 s, whatever setRequestTimeout says", async () => {
  using connection = await RawConnection.open(server.port);
  const started = Date.now();
  connection.write("GET /kinds/text HTTP/1.1\r\nHost: a\r\n");
  // Not an idle limit: bytes that keep coming do not help.
  const drip = setInterval(() => !connection.closed && connection.write("X: x\r\n"), 500);
  try {
    expect(await connection.close(20)).toBe("");
  } finally {
    clearInterval(drip);
  }
  expect(Date.now() - started).toBeWithin(8_000, 17_000);
}, 25_000);
