import { describe, expect, test } from "bun:test";
import { isCompressible, mediaTypeOf } from "../../src/http/media-type.ts";

const cases: [path: string, type: string, compressible: boolean][] = [
  ["/a.html", "text/html;charset=utf-8", true],
  ["/a.HTML", "text/html;charset=utf-8", true],
  ["/a.css", "text/css;charset=utf-8", true],
  ["/a.js", "text/javascript;charset=utf-8", true],
  ["/a.mjs", "text/javascript;charset=utf-8", true],
  ["/a.json", "application/json;charset=utf-8", true],
  ["/a.js.map", "application/json;charset=utf-8", true],
  ["/a.txt", "text/plain;charset=utf-8", true],
  ["/a.md", "text/markdown;charset=utf-8", true],
  ["/a.csv", "text/csv;charset=utf-8", true],
  ["/a.svg", "image/svg+xml", true],
  ["/a.xml", "application/xml", true],
  ["/a.webmanifest", "application/manifest+json", true],
  ["/a.wasm", "application/wasm", true],
  ["/a.ttf", "font/ttf", true],
  ["/a.ico", "image/x-icon", true],
  ["/a.woff2", "font/woff2", false],
  ["/a.png", "image/png", false],
  ["/a.jpg", "image/jpeg", false],
  ["/a.avif", "image/avif", false],
  ["/a.mp4", "video/mp4", false],
  ["/a.ts", "video/mp2t", false],
  ["/a.pdf", "application/pdf", false],
  ["/a.zip", "application/zip", false],
  ["/a.tar.gz", "application/gzip", false],
  ["/a.css.zst", "application/zstd", false],
  ["/README", "application/octet-stream", false],
  ["/v1.2/README", "application/octet-stream", false],
  ["/html", "application/octet-stream", false],
  ["/a.constructor", "application/octet-stream", false],
];

describe("[S3] media types", () => {
  test.each(cases)("%s is %s", (path, type, compressible) => {
    expect(mediaTypeOf(path)).toBe(type);
    expect(isCompressible(type)).toBe(compressible);
  });
});
