import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gunzipSync, brotliDecompressSync } from "node:zlib";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { RawConnection } from "../support/raw-connection.ts";

const script = new URL("./fixtures/answers.ts", import.meta.url);
let server: TestClient;
beforeAll(async () => {
  server = await testClient(script);
});
afterAll(() => server.stop());

const modified = "Wed, 21 Oct 2015 07:28:00 GMT";
const earlier = "Wed, 21 Oct 2015 07:27:59 GMT";
const later = "Wed, 21 Oct 2015 07:28:01 GMT";
const letters = "abcdefghijklmnopqrstuvwxyz";
const long = "All work and no play makes Jack a dull boy. ".repeat(50);

type Fields = Record<string, string>;
const get = (path: string, headers: Fields = {}) =>
  server.get(path, { headers: { "accept-encoding": "identity", ...headers }, decompress: false });

describe("[S1] preconditions of an app's answer with validators", () => {
  const cases: [path: string, fields: Fields, status: number][] = [
    ["/string", { "if-none-match": '"v1"' }, 304],
    ["/string", { "if-none-match": 'W/"v1"' }, 304],
    ["/string", { "if-none-match": '"v0", "v1"' }, 304],
    ["/string", { "if-none-match": "*" }, 304],
    ["/string", { "if-none-match": '"v0"' }, 200],
    ["/string", { "if-none-match": '"v0"', "if-modified-since": later }, 200],
    ["/string", { "if-modified-since": modified }, 304],
    ["/string", { "if-modified-since": later }, 304],
    ["/string", { "if-modified-since": earlier }, 200],
    ["/string", { "if-modified-since": "nonsense" }, 200],
    ["/string", { "if-match": '"v1"' }, 200],
    ["/string", { "if-match": "*" }, 200],
    ["/string", { "if-match": '"v0"' }, 412],
    ["/string", { "if-match": 'W/"v1"' }, 412],
    ["/string", { "if-unmodified-since": modified }, 200],
    ["/string", { "if-unmodified-since": earlier }, 412],
    ["/string", { "if-match": '"v1"', "if-unmodified-since": earlier }, 200],
    ["/weak", { "if-none-match": '"v1"' }, 304],
    ["/weak", { "if-match": 'W/"v1"' }, 412],
    ["/etag", { "if-modified-since": later }, 200],
    ["/modified", { "if-modified-since": modified }, 304],
    ["/blob", { "if-none-match": '"v1"' }, 304],
    ["/bytes", { "if-none-match": '"v1"' }, 304],
    ["/file", { "if-none-match": '"v1"' }, 304],
    ["/stream", { "if-none-match": '"v1"' }, 304],
    ["/hono/etag", { "if-none-match": '"v1"' }, 304],
    ["/bare-string", { "if-none-match": '"v1"' }, 200],
    ["/created", { "if-none-match": '"v1"' }, 201],
  ];
  for (const [path, fields, status] of cases) {
    test(`${path} ${JSON.stringify(fields)}: ${status}`, async () => {
      const result = await get(path, fields);
      expect(result.status).toBe(status);
      expect(result.text).toBe(status === 304 || status === 412 ? "" : letters);
    });
  }

  test("a 304 keeps the validators and has no type or length", async () => {
    const { headers } = await get("/string", { "if-none-match": '"v1"' });
    expect(headers.get("etag")).toBe('"v1"');
    expect(headers.get("last-modified")).toBe(modified);
    expect([headers.get("content-type"), headers.get("content-length")]).toEqual([null, null]);
  });

  test("a 304 says Vary as the whole answer would", async () => {
    expect((await get("/long", { "if-none-match": '"v1"' })).headers.get("vary")).toBe("accept-encoding");
  });

  test("HEAD is answered like GET", async () => {
    expect((await server.head("/string", { headers: { "if-none-match": '"v1"' } })).status).toBe(304);
    expect((await server.head("/string", { headers: { "if-match": '"v0"' } })).status).toBe(412);
  });

  test("a POST has been done: what it answers is shown", async () => {
    const result = await server.post("/string", "x", { headers: { "if-none-match": "*" } });
    expect([result.status, result.text]).toEqual([200, letters]);
  });

  test("the stream of a 304 is cancelled", async () => {
    const before = (await get("/cancelled")).data as number;
    expect((await get("/stream", { "if-none-match": '"v1"' })).status).toBe(304);
    expect((await get("/cancelled")).data).toBe(before + 1);
  });
});

describe("[S1] ranges of an app's answer", () => {
  for (const path of ["/string", "/bytes", "/buffer", "/blob", "/file", "/bare-file", "/hono/etag"]) {
    const cases: [range: string, status: number, body: string, field: string | null][] = [
      ["bytes=0-4", 206, "abcde", "bytes 0-4/26"],
      ["bytes=20-", 206, "uvwxyz", "bytes 20-25/26"],
      ["bytes=-3", 206, "xyz", "bytes 23-25/26"],
      ["bytes=25-99", 206, "z", "bytes 25-25/26"],
      ["bytes=26-", 416, "", "bytes */26"],
      ["bytes=-0", 416, "", "bytes */26"],
      ["bytes=4-2", 200, letters, null],
      ["lines=1-2", 200, letters, null],
      ["bytes=a-b", 200, letters, null],
    ];
    for (const [range, status, body, field] of cases) {
      test(`${path} ${range}`, async () => {
        const result = await get(path, { range });
        expect([result.status, result.text]).toEqual([status, body]);
        expect(result.headers.get("content-range")).toBe(field);
      });
    }

    test(`${path} keeps its type`, async () => {
      const whole = await get(path);
      const part = await get(path, { range: "bytes=0-4" });
      const type = whole.headers.get("content-type") ?? "application/octet-stream";
      expect(part.headers.get("content-type")).toBe(type);
      expect(part.headers.get("content-length")).toBe("5");
    });
  }

  test("several are multipart", async () => {
    const { status, headers, text } = await get("/string", { range: "bytes=0-1,24-" });
    expect(status).toBe(206);
    const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(headers.get("content-type")!)![1]!;
    expect(text).toBe(
      `--${boundary}\r\nContent-Type: text/plain;charset=utf-8\r\nContent-Range: bytes 0-1/26\r\n\r\nab\r\n` +
        `--${boundary}\r\nContent-Type: text/plain;charset=utf-8\r\nContent-Range: bytes 24-25/26\r\n\r\nyz\r\n` +
        `--${boundary}--\r\n`,
    );
  });

  test("several of a file get the whole", async () => {
    const { status, headers, text } = await get("/file", { range: "bytes=0-1,24-" });
    expect([status, text]).toEqual([200, letters]);
    expect(headers.get("content-type")).toBe("text/plain;charset=utf-8");
  });

  const conditions: [path: string, condition: string, status: number][] = [
    ["/string", '"v1"', 206],
    ["/string", '"v0"', 200],
    ["/string", modified, 206],
    ["/string", later, 200],
    ["/string", earlier, 200],
    ["/weak", 'W/"v1"', 200],
    ["/etag", modified, 200],
    ["/file", '"v1"', 206],
    ["/file", '"v0"', 200],
    ["/bare-file", '"v0"', 200],
  ];
  for (const [path, condition, status] of conditions) {
    test(`${path} If-Range ${condition}: ${status}`, async () => {
      const result = await get(path, { range: "bytes=0-4", "if-range": condition });
      expect([result.status, result.text]).toEqual([status, status === 206 ? "abcde" : letters]);
    });
  }

  test("preconditions come first", async () => {
    expect((await get("/string", { range: "bytes=0-4", "if-none-match": '"v1"' })).status).toBe(304);
    expect((await get("/string", { range: "bytes=0-4", "if-match": '"v0"' })).status).toBe(412);
  });

  test("HEAD, streams and bare strings have none", async () => {
    const range = { range: "bytes=0-4" };
    for (const path of ["/string", "/file"]) {
      const { status, headers } = await server.head(path, { headers: range });
      expect([status, headers.get("content-length")]).toEqual([200, "26"]);
    }
    for (const path of ["/stream", "/bare-string"]) {
      const result = await get(path, range);
      expect([result.status, result.text]).toEqual([200, letters]);
    }
  });
});

const decoders: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => gunzipSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
  zstd: (bytes) => Bun.zstdDecompressSync(bytes as Uint8Array<ArrayBuffer>),
};
const decoded = (coding: string | null, bytes: Uint8Array): string =>
  Buffer.from(coding === null ? bytes : decoders[coding]!(bytes)).toString();

describe("[S3] compression of an app's answer", () => {
  const accepts: [accept: string, coding: string | null][] = [
    ["gzip", "gzip"],
    ["br", "br"],
    ["zstd", "zstd"],
    ["gzip, deflate, br, zstd", "zstd"],
    ["gzip, deflate, br", "br"],
    ["gzip;q=1, br;q=0.5, zstd;q=0.1", "gzip"],
    ["GZIP", "gzip"],
    ["*", "zstd"],
    ["identity", null],
    ["deflate", null],
    ["gzip;q=0", null],
    ["identity;q=1, gzip;q=0.5", null],
    ["", null],
  ];
  for (const [accept, coding] of accepts) {
    test(`Accept-Encoding: ${accept}`, async () => {
      const result = await get("/long", { "accept-encoding": accept });
      expect(result.headers.get("content-encoding")).toBe(coding);
      expect(result.headers.get("vary")).toBe("accept-encoding");
      expect(result.headers.get("content-length")).toBe(String(result.bytes.length));
      expect(result.headers.get("content-type")).toBe("text/plain;charset=utf-8");
      // Another coding is another representation: it is only weakly the same.
      expect(result.headers.get("etag")).toBe(coding === null ? '"v1"' : 'W/"v1"');
      expect(decoded(coding, result.bytes)).toBe(long);
    });
  }

  test("without Accept-Encoding there is none", async () => {
    using connection = await RawConnection.open(server.port);
    const { headers, body } = await connection.write("GET /long HTTP/1.1\r\nHost: a\r\n\r\n").answer();
    expect([headers.get("content-encoding"), headers.get("vary")]).toEqual([null, "accept-encoding"]);
    expect(body).toBe(long);
  });

  const all = { "accept-encoding": "gzip, br, zstd" };
  const json = JSON.stringify({ long });
  const texts: [path: string, text: string, type: string, status: number][] = [
    ["/long-json", json, "application/json;charset=utf-8", 200],
    ["/long-created", json, "application/json;charset=utf-8", 201],
    ["/long-html", long, "Text/HTML", 200],
    ["/long-buffer", long, "application/xml", 200],
    ["/huge", long.repeat(50), "text/plain;charset=utf-8", 200],
    ["/long-missing", long, "text/plain;charset=utf-8", 404],
    ["/hono/long", json, "application/json", 200],
  ];
  for (const [path, text, type, status] of texts) {
    for (const coding of ["zstd", "br", "gzip"]) {
      test(`of ${path} with ${coding}`, async () => {
        const result = await get(path, { "accept-encoding": coding });
        expect(result.status).toBe(status);
        expect(result.headers.get("content-encoding")).toBe(coding);
        expect(result.headers.get("content-type")).toBe(type);
        expect(result.bytes.length).toBeLessThan(text.length / 4);
        expect(decoded(coding, result.bytes)).toBe(text);
      });
    }
  }

  for (const path of [
    "/short",
    "/long-stream",
    "/events",
    "/image",
    "/untyped",
    "/no-transform",
    "/file",
    "/bare-string",
  ]) {
    test(`not of ${path}`, async () => {
      const { headers } = await get(path, all);
      expect([headers.get("content-encoding"), headers.get("vary")]).toEqual([null, null]);
    });
  }

  test("not twice", async () => {
    const result = await get("/encoded", all);
    expect(result.headers.get("content-encoding")).toBe("gzip");
    expect(decoded("gzip", result.bytes)).toStartWith(long);
  });

  test("keeps what Vary said", async () => {
    expect((await get("/long-cookie", all)).headers.get("vary")).toBe("Cookie, accept-encoding");
    expect((await get("/long-varied", all)).headers.get("vary")).toBe("Cookie, Accept-Encoding");
  });

  test("its answer revalidates with the tag it was sent with", async () => {
    const first = await get("/long", all);
    const again = await get("/long", { ...all, "if-none-match": first.headers.get("etag")! });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("a part is never encoded", async () => {
    const part = await get("/long", { ...all, range: "bytes=0-1499" });
    expect([part.status, part.text]).toEqual([206, long.slice(0, 1500)]);
    expect(part.headers.get("content-encoding")).toBeNull();
  });

  test("HEAD has the fields of GET", async () => {
    const whole = await get("/long", all);
    const head = await server.head("/long", { headers: all, decompress: false });
    for (const { headers } of [whole, head]) headers.delete("date");
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(whole.headers));
  });

  test("is off with compression: false", async () => {
    await using plain = await testClient(script, undefined, { args: ["--compression", "false"] });
    const { headers, text } = await plain.get("/long", { headers: all, decompress: false });
    expect(text).toBe(long);
    expect([headers.get("content-encoding"), headers.get("vary"), headers.get("etag")]).toEqual([
      null,
      null,
      '"v1"',
    ]);
  });
});
