import { promisify } from "node:util";
import { brotliCompress, brotliCompressSync, constants, gzip } from "node:zlib";
import { type Coding, negotiate } from "../http/accept-encoding.ts";
import { isCompressible } from "../http/media-type.ts";
import { givenBody } from "../http/response-body.ts";
import type { Exchange } from "./exchange.ts";

type Bytes = Uint8Array<ArrayBuffer>;
interface Encoder {
  /** For bodies up to `atOnce`. */
  now(bytes: Bytes): Uint8Array;
  later(bytes: Bytes): Promise<Uint8Array>;
}

/** Shorter bodies fit one packet anyway. */
const minEncoded = 1024;
/** Up to this length (bytes) another thread costs more than it takes off the event loop: half the CPU, at most 0.2 ms. */
const atOnce = 32 * 1024;
const offered: readonly Coding[] = ["zstd", "br", "gzip"];
const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Made for each answer, so at a tenth of the cost of the levels for files, for a few percent more bytes. */
const encoders: Readonly<Record<Coding, Encoder>> = {
  zstd: {
    now: (bytes) => Bun.zstdCompressSync(bytes, { level: 3 }),
    later: (bytes) => Bun.zstdCompress(bytes, { level: 3 }),
  },
  br: { now: (bytes) => brotliCompressSync(bytes, quality), later: (bytes) => brotli(bytes, quality) },
  gzip: { now: (bytes) => Bun.gzipSync(bytes, { level: 5 }), later: (bytes) => deflate(bytes, { level: 5 }) },
};

/** A body that can be encoded, with the length that decides; `undefined` for streams, files and blobs. */
function encodable(response: Response): string | Bytes | undefined {
  const body = givenBody(response);
  if (typeof body === "string") return body.length >= minEncoded ? body : undefined;
  const bytes =
    body instanceof ArrayBuffer
      ? new Uint8Array(body)
      : ArrayBuffer.isView(body)
        ? new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength)
        : undefined;
  return bytes && bytes.byteLength >= minEncoded ? bytes : undefined;
}

/**
 * Whether the answer depends on `Accept-Encoding`: text of a known length, which nobody has encoded or forbidden to
 * (`Cache-Control: no-transform`). Then `Vary` says so, in a 304 too (RFC 9110 §12.5.5, §15.4.5).
 */
export function varyByEncoding(response: Response): boolean {
  const body = encodable(response);
  if (body === undefined) return false;
  const { headers } = response;
  const type = headers.get("content-type") ?? (typeof body === "string" ? "text/plain" : "");
  if (!isCompressible(type.toLowerCase()) || headers.has("content-encoding") || headers.has("content-range"))
    return false;
  if (headers.get("cache-control")?.toLowerCase().includes("no-transform")) return false;
  if (!/(?:^|,)\s*(?:accept-encoding|\*)\s*(?:,|$)/i.test(headers.get("vary") ?? ""))
    headers.append("vary", "accept-encoding");
  return true;
}

/** The answer in the coding the client likes best. Only for one that `varyByEncoding`. Spec S3. */
export function encoded(exchange: Exchange, response: Response): Response | Promise<Response> {
  const coding = negotiate(exchange.headers.get("accept-encoding"), offered);
  if (coding === undefined || coding === "identity") return response;
  const body = encodable(response)!;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const encoder = encoders[coding];
  if (bytes.byteLength <= atOnce) return withCoding(response, coding, encoder.now(bytes));
  return encoder.later(bytes).then((smaller) => withCoding(response, coding, smaller));
}

function withCoding(response: Response, coding: Coding, bytes: Uint8Array): Response {
  const { headers, status, statusText } = response;
  headers.set("content-encoding", coding);
  headers.delete("content-length");
  const etag = headers.get("etag");
  // Another coding is another representation: only weakly the same (RFC 9110 §8.8.3).
  if (etag !== null && !etag.startsWith("W/")) headers.set("etag", `W/${etag}`);
  if (!headers.has("content-type")) headers.set("content-type", "text/plain;charset=utf-8");
  return new Response(bytes as Bytes, { status, statusText, headers });
}
