import { afterAll, describe, expect, test } from "bun:test";
import { BIG, FILES, GMT, TEN, writeFixture } from "./kinds.ts";
import { rawRequest, serveDirectory } from "./served.ts";

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer()).toString("latin1");
const fixture = writeFixture();
afterAll(() => fixture.remove());

describe.each(Object.entries(fixture.kinds))("a directory: %s", (_kind, open) => {
  const site = serveDirectory(open());
  afterAll(() => site[Symbol.dispose]());

  test("[S1] a file comes with its validators", async () => {
    const response = await site.get("/ten.txt");
    expect(response.status).toBe(200);
    expect(response.headers.get("etag")).toMatch(/^"[\w-]+"$/);
    expect(response.headers.get("last-modified")).toBe(GMT);
    expect(response.headers.get("content-type")).toBe("text/plain;charset=utf-8");
    expect(response.headers.get("content-length")).toBe("10");
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.has("vary")).toBe(false);
    expect(await response.text()).toBe(TEN);
  });

  test.each(["/ten.txt", "/site.css", "/empty.txt", "/big.bin"])(
    "[S1] HEAD %s has the headers of GET and no body",
    async (path) => {
      const fieldsOf = (answer: string) => {
        const [head = "", ...body] = answer.split("\r\n\r\n");
        const fields = head
          .split("\r\n")
          .slice(1)
          .map((line) => line.toLowerCase())
          .filter((line) => !line.startsWith("date:"));
        return { fields: fields.sort(), body: body.join("\r\n\r\n") };
      };
      const get = fieldsOf(await rawRequest(site.port, path));
      const head = fieldsOf(await rawRequest(site.port, path, "HEAD"));
      expect(head.fields).toEqual(get.fields);
      expect(head.body).toBe("");
      expect(get.body.length).toBe(FILES[path]?.length ?? -1);
    },
  );

  test("[S1] If-None-Match and If-Modified-Since give 304 without a body", async () => {
    const etag = (await site.get("/ten.txt")).headers.get("etag") ?? "";
    for (const headers of [
      { "if-none-match": etag },
      { "if-none-match": `"x", W/${etag}` },
      { "if-none-match": "*" },
      { "if-modified-since": GMT },
    ]) {
      const response = await site.get("/ten.txt", headers);
      expect(response.status).toBe(304);
      expect(response.headers.get("etag")).toBe(etag);
      expect(response.headers.has("content-type")).toBe(false);
      expect(response.headers.has("content-length")).toBe(false);
      expect(await response.text()).toBe("");
    }
    expect(
      (await site.get("/ten.txt", { "if-none-match": '"other"', "if-modified-since": GMT })).status,
    ).toBe(200);
  });

  test("[S1] If-Match and If-Unmodified-Since give 412", async () => {
    const etag = (await site.get("/ten.txt")).headers.get("etag") ?? "";
    expect((await site.get("/ten.txt", { "if-match": etag })).status).toBe(200);
    expect((await site.get("/ten.txt", { "if-match": '"other"' })).status).toBe(412);
    expect((await site.get("/ten.txt", { "if-unmodified-since": new Date(0).toUTCString() })).status).toBe(
      412,
    );
    expect(
      (await site.get("/ten.txt", { "if-match": etag, "if-unmodified-since": new Date(0).toUTCString() }))
        .status,
    ).toBe(200);
  });

  test.each([
    ["bytes=0-0", "bytes 0-0/200000", 0, 1],
    ["bytes=0-", "bytes 0-199999/200000", 0, 200_000],
    ["bytes=199990-", "bytes 199990-199999/200000", 199_990, 200_000],
    ["bytes=-5", "bytes 199995-199999/200000", 199_995, 200_000],
    ["bytes=100-999999", "bytes 100-199999/200000", 100, 200_000],
    ["bytes=5-9,8-20", "bytes 5-20/200000", 5, 21],
  ])("[S1] Range %s is 206 %s", async (range, contentRange, start, end) => {
    const response = await site.get("/big.bin", { range });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(contentRange);
    expect(response.headers.get("content-length")).toBe(String(end - start));
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(BIG.slice(start, end));
  });

  test.each(["/ten.txt", "/big.bin"])("[S1] two ranges of %s are multipart/byteranges", async (path) => {
    const response = await site.get(path, { range: "bytes=1-3,-2" });
    expect(response.status).toBe(206);
    const type = response.headers.get("content-type") ?? "";
    const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(type)?.[1];
    const body = Buffer.from((FILES[path] ?? "") as string).toString("latin1");
    const partType = (await site.get(path)).headers.get("content-type");
    const part = (start: number, end: number) =>
      `--${boundary}\r\nContent-Type: ${partType}\r\nContent-Range: bytes ${start}-${end - 1}/${body.length}\r\n\r\n${body.slice(start, end)}\r\n`;
    expect(await bytesOf(response)).toBe(
      `${part(1, 4)}${part(body.length - 2, body.length)}--${boundary}--\r\n`,
    );
    expect(response.headers.has("content-range")).toBe(false);
  });

  test.each(["/ten.txt", "/big.bin"])("[S1] a range beyond the end of %s is 416", async (path) => {
    const response = await site.get(path, { range: "bytes=999999-" });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe(`bytes */${FILES[path]?.length}`);
    expect(await response.text()).toBe("");
  });

  test.each([
    ["bytes=3-1"],
    ["lines=0-1"],
    ["bytes=one"],
    [`bytes=${Array.from({ length: 17 }, (_, i) => `${i * 2}-${i * 2}`).join()}`],
    [`bytes=${"0-,".repeat(500)}0-`],
  ])("[S1] Range %s is ignored", async (range) => {
    for (const path of ["/ten.txt", "/big.bin"]) {
      const response = await site.get(path, { range });
      expect(response.status).toBe(200);
      expect(response.headers.has("content-range")).toBe(false);
      expect((await response.arrayBuffer()).byteLength).toBe(FILES[path]?.length ?? -1);
    }
  });

  test.each(["/ten.txt", "/big.bin"])(
    "[S1] a stale If-Range gets the whole of %s, a current one the range",
    async (path) => {
      const etag = (await site.get(path)).headers.get("etag") ?? "";
      for (const current of [etag, GMT]) {
        const response = await site.get(path, { range: "bytes=1-3", "if-range": current });
        expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([206, 3]);
      }
      for (const stale of ['"other"', `W/${etag}`, new Date(0).toUTCString(), "junk"]) {
        const response = await site.get(path, { range: "bytes=1-3", "if-range": stale });
        expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([
          200,
          FILES[path]?.length ?? -1,
        ]);
      }
    },
  );

  test("[S1] Bun's own name for a big file is not shown", async () => {
    expect((await site.get("/big.bin")).headers.get("content-disposition") ?? "inline").toBe("inline");
  });

  test("[S1] an empty file is served, and has no ranges", async () => {
    const response = await site.get("/empty.txt");
    expect([response.status, response.headers.get("content-length"), await response.text()]).toEqual([
      200,
      "0",
      "",
    ]);
    expect((await site.get("/empty.txt", { range: "bytes=0-" })).status).toBe(416);
  });

  test("[S1] preconditions come before Range, and HEAD has no ranges", async () => {
    const etag = (await site.get("/ten.txt")).headers.get("etag") ?? "";
    expect((await site.get("/ten.txt", { range: "bytes=0-1", "if-none-match": etag })).status).toBe(304);
    expect((await site.get("/ten.txt", { range: "bytes=0-1", "if-match": '"x"' })).status).toBe(412);
    const head = await site.get("/ten.txt", { range: "bytes=0-1" }, "HEAD");
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "10"]);
  });
});
