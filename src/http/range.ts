/** Bytes `start` up to, not including, `end`. Never empty. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** More ranges than this are taken for abuse (RFC 9110 §14.2, §17.15): the Range is ignored, the whole is sent. */
export const MAX_RANGES = 16;

const UNIT = /^bytes=/i;
const SPEC = /^(\d*)-(\d*)$/;

/**
 * The ranges of a `Range` field over `size` bytes, in the order asked for; overlapping ones are coalesced, ones beyond
 * the end dropped. `"unsatisfiable"`: none is left, answer 416. `undefined`: ignore the field (another unit, a syntax
 * error, more than `MAX_RANGES`).
 */
export function parseRange(field: string, size: number): readonly ByteRange[] | "unsatisfiable" | undefined {
  if (!UNIT.test(field)) return undefined;
  const specs = field
    .slice(6)
    .split(",", MAX_RANGES * 4)
    .map((spec) => spec.trim())
    .filter((spec) => spec !== "");
  if (specs.length === 0 || specs.length > MAX_RANGES) return undefined;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = parseSpec(spec, size);
    if (range === undefined) return undefined;
    if (range.start < range.end) ranges.push(range);
  }
  return ranges.length === 0 ? "unsatisfiable" : coalesce(ranges);
}

/** `undefined` is a syntax error; an empty range cannot be satisfied. */
function parseSpec(spec: string, size: number): ByteRange | undefined {
  const match = SPEC.exec(spec);
  if (match === null) return undefined;
  const [first, last] = [match[1] ?? "", match[2] ?? ""];
  if (first === "") return last === "" ? undefined : { start: Math.max(0, size - Number(last)), end: size };
  if (last !== "" && Number(last) < Number(first)) return undefined;
  return { start: Number(first), end: last === "" ? size : Math.min(size, Number(last) + 1) };
}

/** Joins ranges that share bytes (RFC 9110 §15.3.7.2); the joined one stands where the first of them stood. */
function coalesce(ranges: readonly ByteRange[]): ByteRange[] {
  let joined: ByteRange[] = [];
  for (const range of ranges) {
    const touching = joined.filter((other) => other.start < range.end && range.start < other.end);
    const [first] = touching;
    if (first === undefined) {
      joined.push(range);
      continue;
    }
    const all = [range, ...touching];
    const union = { start: Math.min(...all.map((r) => r.start)), end: Math.max(...all.map((r) => r.end)) };
    joined = joined.map((r) => (r === first ? union : r)).filter((r) => !touching.includes(r));
  }
  return joined;
}

/** `bytes 0-9/100` */
export const contentRange = ({ start, end }: ByteRange, size: number): string =>
  `bytes ${start}-${end - 1}/${size}`;

/** `bytes * /100` (without the space): the Content-Range of a 416. */
export const unsatisfiedRange = (size: number): string => `bytes */${size}`;

/**
 * A `multipart/byteranges` body (RFC 9110 §14.6) as text and ranges of the representation, in sending order.
 * `type` is the Content-Type of the whole.
 */
export function multipartParts(
  ranges: readonly ByteRange[],
  size: number,
  type: string,
  boundary: string,
): (string | ByteRange)[] {
  const parts: (string | ByteRange)[] = [];
  for (const range of ranges) {
    const delimiter = `${parts.length === 0 ? "" : "\r\n"}--${boundary}\r\n`;
    parts.push(
      `${delimiter}Content-Type: ${type}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
      range,
    );
  }
  parts.push(`\r\n--${boundary}--\r\n`);
  return parts;
}
