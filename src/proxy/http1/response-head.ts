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
const field = /^([!#$%&'*+.^_`|~\w-]+):([^\r\n\0]*)$/;

/** An answer that is no HTTP/1.1. */
export class MalformedAnswer extends Error {}

/**
 * Reads the head at the start of `bytes`; `undefined` when it is not there whole.
 * @param method of the request: an answer to HEAD has no body
 * @throws MalformedAnswer
 */
export function readHead(bytes: Buffer, method: string): ResponseHead | undefined {
  const end = bytes.indexOf(blankLine);
  if (end < 0 ? bytes.length > largestHead : end > largestHead)
    throw new MalformedAnswer(`a head of more than ${largestHead} bytes`);
  if (end < 0) return undefined;
  const lines = bytes.toString("latin1", 0, end).split("\r\n");
  const start = statusLine.exec(lines[0]!);
  if (start === null) throw new MalformedAnswer("no status line");
  const status = Number(start[2]);
  const fields = lines.slice(1).map(readField);
  const minor = start[1] === "1" ? 1 : 0;
  const framing = framingOf(status, method, fields);
  return {
    status,
    reason: start[3] ?? "",
    fields,
    framing,
    persistent: framing.kind !== "close" && isPersistent(minor, fields),
    size: end + 4,
  };
}

function readField(line: string): [name: string, value: string] {
  const match = field.exec(line);
  if (match === null) throw new MalformedAnswer("a header field that is none");
  return [match[1]!.toLowerCase(), match[2]!.trim()];
}

type Fields = ResponseHead["fields"];

const valuesOf = (fields: Fields, wanted: string): string[] =>
  fields.flatMap(([name, value]) => (name === wanted ? [value] : []));

function framingOf(status: number, method: string, fields: Fields): Framing {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  const codings = valuesOf(fields, "transfer-encoding");
  const lengths = valuesOf(fields, "content-length").flatMap((value) => value.split(/\s*,\s*/));
  if (codings.length > 0) {
    // Both at once is how answers are smuggled (RFC 9112 §6.3).
    if (lengths.length > 0) throw new MalformedAnswer("Transfer-Encoding and Content-Length at once");
    if (codings.join(",").toLowerCase() !== "chunked")
      throw new MalformedAnswer("a transfer coding other than chunked");
    return { kind: "chunked" };
  }
  const [length] = lengths;
  if (length === undefined) return { kind: "close" };
  if (!/^\d{1,15}$/.test(length) || lengths.some((other) => other !== length))
    throw new MalformedAnswer("a Content-Length that is none");
  return { kind: "length", length: Number(length) };
}

function isPersistent(minor: 0 | 1, fields: Fields): boolean {
  const said = valuesOf(fields, "connection").join(",").toLowerCase();
  return minor === 1 ? !/\bclose\b/.test(said) : /\bkeep-alive\b/.test(said);
}
