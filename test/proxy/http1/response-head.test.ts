import { expect, test } from "bun:test";
import { HeadReader } from "../../../src/proxy/http1/head-reader.ts";
import { largestHead, MalformedAnswer, readHead } from "../../../src/proxy/http1/response-head.ts";

const read = (text: string, method = "GET") => readHead(Buffer.from(text, "latin1"), method);
const head = (...lines: string[]): string =>
  `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;

test("[P1] a head is read up to its blank line, names in lower case, values without the space around them", () => {
  const text = head("Content-Length: 2", "X-A:  b c \t", "x-a:", "Set-Cookie: a=\xe9; b");
  expect(read(`${text}ok`)).toEqual({
    status: 200,
    reason: "OK",
    fields: [
      ["content-length", "2"],
      ["x-a", "b c"],
      ["x-a", ""],
      ["set-cookie", "a=\xe9; b"],
    ],
    framing: { kind: "length", length: 2 },
    persistent: true,
    size: text.length,
  });
  expect(read("HTTP/1.1 204 \r\n\r\n")).toMatchObject({ status: 204, reason: "", fields: [], size: 17 });
  for (let end = 0; end < text.length; end++) expect(read(text.slice(0, end))).toBeUndefined();
});

test.each([
  ["a bare line feed", head("A: b\nC: d")],
  ["a bare carriage return", head("A: b\rC: d")],
  ["a carriage return too many", head("A: b\r")],
  ["a NUL", head("A: b\0")],
  ["a NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n"],
  ["no colon", head("A", "B: c")],
  ["no colon in the last line", head("B: c", "A")],
  ["no name", head(": b")],
  ["a space before the colon", head("A : b")],
  ["a folded line", head("A: b", " c: d")],
  ["a name of other characters", head("\xe9: b")],
  ["no status line", "HTTP/2 200\r\n\r\n"],
  ["a line feed in the status line", "HTTP/1.1 200 OK\nA: b\r\n\r\n"],
  ["two lengths", head("Content-Length: 1", "Content-Length: 2")],
  ["two lengths in one", head("Content-Length: 1, 2")],
  ["a length that is none", head("Content-Length: +1")],
  ["an empty length", head("Content-Length:")],
  ["a length and a coding", head("Content-Length: 1", "Transfer-Encoding: chunked")],
  ["an empty length and a coding", head("Content-Length:", "Transfer-Encoding: chunked")],
  ["a coding twice", head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")],
  ["an unknown coding", head("Transfer-Encoding: gzip, chunked")],
  ["a head without an end", "HTTP/1.1 200 OK\r\nA: ".padEnd(largestHead + 1, "b")],
])("[P1] %s is no answer", (_what, text) => {
  expect(() => read(text)).toThrow(MalformedAnswer);
});

test("[P1] the end of a body, and of the connection, as the head says", () => {
  expect(read(head("Transfer-Encoding: Chunked"))).toMatchObject({
    framing: { kind: "chunked" },
    persistent: true,
  });
  expect(read(head())).toMatchObject({ framing: { kind: "close" }, persistent: false });
  expect(read(head("Content-Length: 3"), "HEAD")?.framing).toEqual({ kind: "none" });
  expect(read(head("Content-Length: 3", "content-length: 3"))?.framing).toEqual({
    kind: "length",
    length: 3,
  });
  expect(read(head("Content-Length: 3, 3"))?.framing).toEqual({ kind: "length", length: 3 });
  expect(read(head("Content-Length: 3", "Connection: x", "Connection: Close"))?.persistent).toBe(false);
  const old = (connection: string) => read(`HTTP/1.0 200 OK\r\nContent-Length: 0\r\n${connection}\r\n`);
  expect(old("")?.persistent).toBe(false);
  expect(old("Connection: Keep-Alive\r\n")?.persistent).toBe(true);
});

test("[P1] the same head again is the same object, for the same method only", () => {
  const heads = new HeadReader();
  const bytes = Buffer.from(`${head("Content-Length: 2")}ok`);
  const first = heads.read(bytes, "GET");
  expect(heads.read(Buffer.from(bytes), "GET")).toBe(first);
  expect(heads.read(bytes.subarray(0, 20), "GET")).toBeUndefined();
  expect(heads.read(bytes, "HEAD")?.framing).toEqual({ kind: "none" });
  expect(heads.read(bytes, "GET")?.framing).toEqual({ kind: "length", length: 2 });
});
