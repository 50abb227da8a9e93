/** How the end of a body is found (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

/** The head of an answer as an upstream sent it. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** In their order, names in lower case, several of one name included. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly framing: Framing;
  /** The connection may be used again, as far as the head says. */
  readonly persistent: boolean;
  /** Bytes of it, the blank line included. */
  readonly size: number;
}

/** Largest head of an answer. */
export const largestHead = 64 * 1024;

const blankLine = Buffer.from("\r\n\r\n");
const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/;
const fieldName = /^[!#$%&'*+.^_`|~\w-]+$/;

/** An answer that is no HTTP/1.1. */
export class MalformedAnswer extends Error {}

/**
 * Bytes of the head at the start of `bytes`, the blank line included; -1 when it is not there whole.
 * @throws MalformedAnswer when it is too large
 */
export function headSize(bytes: Buffer): number {
  const end = bytes.indexOf(blankLine);
  if (end < 0 ? bytes.length > largestHead : end > largestHead)
    throw new MalformedAnswer(`a head of more than ${largestHead} bytes`);
  return end < 0 ? -1 : end + blankLine.length;
}

/**
 * Reads the head at the start of `bytes`; `undefined` when it is not there whole.
 * @param method of the request: an answer to HEAD has no body
 * @throws MalformedAnswer
 */
export function readHead(bytes: Buffer, method: string): ResponseHead | undefined {
  const size = headSize(bytes);
  return size < 0 ? undefined : parseHead(bytes.toString("latin1", 0, size), method);
}

/**
 * @param text a head of Latin-1, the blank line included
 * @throws MalformedAnswer
 */
export function parseHead(text: string, method: string): ResponseHead {
  const first = text.indexOf("\r\n");
  const start = statusLine.exec(text.slice(0, first));
  if (start === null) throw new MalformedAnswer("no status line");
  if (text.includes("\0")) throw new MalformedAnswer("a NUL in the head");
  const status = Number(start[2]);
  const fields = readFields(text, first + 2);
  const framing = framingOf(status, method, fields);
  return {
    status,
    reason: start[3] ?? "",
    fields,
    framing,
    persistent: framing.kind !== "close" && isPersistent(start[1] === "1", fields),
    size: text.length,
  };
}

type Fields = ResponseHead["fields"];

function readFields(text: string, from: number): Fields {
  const fields: [name: string, value: string][] = [];
  const end = text.length - 2;
  for (let at = from; at < end;) {
    const colon = text.indexOf(":", at);
    const stop = text.indexOf("\r", at);
    const next = text.indexOf("\n", at) + 1;
    if (colon < 0 || colon > stop || next !== stop + 2)
      throw new MalformedAnswer("a header field that is none");
    fields.push([nameOf(text.slice(at, colon)), text.slice(colon + 1, stop).trim()]);
    at = next;
  }
  return fields;
}

/** Names as they were written, and in lower case: upstreams have few, and to look at one costs as much as all the rest of a field. */
const knownNames = new Map<string, string>();
const mostNames = 512;

function nameOf(written: string): string {
  const known = knownNames.get(written);
  if (known !== undefined) return known;
  if (!fieldName.test(written)) throw new MalformedAnswer("a header field that is none");
  const name = written.toLowerCase();
  if (knownNames.size < mostNames && written.length <= 64) knownNames.set(written, name);
  return name;
}

/** All of one name, with commas; `undefined` when there is none. */
function valuesOf(fields: Fields, wanted: string): string | undefined {
  let found: string | undefined;
  for (const [name, value] of fields)
    if (name === wanted) found = found === undefined ? value : `${found},${value}`;
  return found;
}

function framingOf(status: number, method: string, fields: Fields): Framing {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  const coding = valuesOf(fields, "transfer-encoding");
  const length = valuesOf(fields, "content-length");
  if (coding !== undefined) {
    // Both at once is how answers are smuggled (RFC 9112 §6.3).
    if (length !== undefined) throw new MalformedAnswer("Transfer-Encoding and Content-Length at once");
    if (coding.toLowerCase() !== "chunked") throw new MalformedAnswer("a transfer coding other than chunked");
    return { kind: "chunked" };
  }
  if (length === undefined) return { kind: "close" };
  return { kind: "length", length: lengthOf(length) };
}

/** Several are allowed where they say the same (RFC 9112 §6.3). */
function lengthOf(said: string): number {
  const [length, ...others] = said.includes(",") ? said.split(/\s*,\s*/) : [said];
  if (!/^\d{1,15}$/.test(length!) || others.some((other) => other !== length))
    throw new MalformedAnswer("a Content-Length that is none");
  return Number(length);
}

function isPersistent(current: boolean, fields: Fields): boolean {
  const said = valuesOf(fields, "connection")?.toLowerCase() ?? "";
  if (said === "") return current;
  return current ? !/\bclose\b/.test(said) : /\bkeep-alive\b/.test(said);
}
