import { invalid } from "./xml-tree.ts";

/** How dates without a zone are meant, which XML-RPC leaves to the two ends. */
export interface DateOptions {
  /** Default `"utc"`; `"local"` is the zone of this process. */
  readonly zone?: "utc" | "local";
}

/** Arrays and structs in one another, at most. */
export const deepest = 64;

/**
 * One `<value>`. Whole numbers are `int`, or `i8` beyond 32 bits; other numbers `double`; `bigint` as whole numbers; `Date` is
 * `dateTime.iso8601` in whole seconds; bytes are `base64`; `null` and `undefined` are `nil`; arrays; other objects are structs
 * of their own properties, without those that are `undefined`.
 * @throws SkitaiError RPC_INVALID for what XML-RPC cannot say: NaN, functions, control characters, circles
 */
export function encodeValue(value: unknown, options: DateOptions = {}): string {
  return `<value>${typed(value, options, 0)}</value>`;
}

/** Text of an element. A carriage return is a reference, or it would come back as a line feed (XML 1.0 §2.11). */
function escapeText(text: string): string {
  const forbidden = unsayable.exec(text);
  if (forbidden || !text.isWellFormed())
    throw invalid(
      "text",
      forbidden ? `U+${forbidden[0].charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}` : text,
      "characters that XML can hold; other text can be sent as bytes",
    );
  return special.test(text) ? text.replace(/[&<>\r]/g, (character) => escapes[character]!) : text;
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };
const special = /[&<>\r]/;
/** XML 1.0 §2.2, beside unpaired surrogates. */
const unsayable = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

function typed(value: unknown, options: DateOptions, depth: number): string {
  switch (typeof value) {
    case "string":
      return `<string>${escapeText(value)}</string>`;
    case "number":
      return numeric(value);
    case "bigint":
      return whole(value);
    case "boolean":
      return `<boolean>${value ? 1 : 0}</boolean>`;
    case "undefined":
      return "<nil/>";
    case "object":
      return value === null ? "<nil/>" : composed(value, options, depth);
    default:
      throw invalid("value", value, "a type that XML-RPC has");
  }
}

function composed(value: object, options: DateOptions, depth: number): string {
  if (value instanceof Date) return `<dateTime.iso8601>${dateText(value, options)}</dateTime.iso8601>`;
  if (value instanceof ArrayBuffer) return base64(new Uint8Array(value));
  if (ArrayBuffer.isView(value))
    return base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (depth >= deepest)
    throw invalid("value", undefined, `at most ${deepest} arrays and objects in one another`);
  const inner = (each: unknown): string => `<value>${typed(each, options, depth + 1)}</value>`;
  if (Array.isArray(value)) return `<array><data>${Array.from(value, inner).join("")}</data></array>`;
  const members = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) => `<member><name>${escapeText(name)}</name>${inner(each)}</member>`);
  return `<struct>${members.join("")}</struct>`;
}

function numeric(value: number): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return whole(BigInt(value));
  if (!Number.isFinite(value)) throw invalid("number", value, "a finite one");
  return `<double>${decimal(value)}</double>`;
}

function whole(value: bigint): string {
  if (BigInt.asIntN(32, value) === value) return `<int>${value}</int>`;
  if (BigInt.asIntN(64, value) === value) return `<i8>${value}</i8>`;
  throw invalid("whole number", value, "64 bits");
}

/** Without the exponent that XML-RPC does not know: 0.0000001 for 1e-7. */
function decimal(value: number): string {
  const text = Object.is(value, -0) ? "-0.0" : String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign, first, rest = "", exponent] = match;
  const digits = first! + rest;
  const shift = Number(exponent);
  return shift < 0
    ? `${sign}0.${"0".repeat(-shift - 1)}${digits}`
    : `${sign}${digits.padEnd(shift + 1, "0")}.0`;
}

const base64 = (bytes: Uint8Array): string =>
  `<base64>${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")}</base64>`;

/** `20260131T23:59:00`, the only form of the specification. */
function dateText(date: Date, { zone = "utc" }: DateOptions): string {
  const time = date.getTime();
  const shifted = new Date(zone === "local" ? time - date.getTimezoneOffset() * 60_000 : time);
  const text = Number.isNaN(time) ? "" : shifted.toISOString();
  if (!/^\d{4}-/.test(text)) throw invalid("date", date, "one of the years 0 to 9999");
  return text.slice(0, 19).replaceAll("-", "");
}
