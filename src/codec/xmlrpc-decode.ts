import { elementsOf, type Element, invalid, isLeaf, only, textOf } from "./xml-tree.ts";
import { type DateOptions, deepest } from "./xmlrpc-encode.ts";

/**
 * What one `<value>` means; without a type it is a string. Integers beyond 2^53 are `bigint`, dates `Date`, base64
 * `Uint8Array`, `nil` (with and without prefix) `null`, structs plain objects.
 * @throws SkitaiError RPC_INVALID
 */
export function decodeValue(element: Element, options: DateOptions = {}, depth = 0): unknown {
  if (element.name !== "value") throw invalid(`<${element.name}>`, undefined, "<value> is expected");
  if (isLeaf(element)) return textOf(element);
  const [type, ...more] = elementsOf(element);
  if (more.length > 0) throw invalid("<value>", more[0]!.name, "one type");
  if (type!.name === "array") return decodeArray(type!, options, depth + 1);
  if (type!.name === "struct") return decodeStruct(type!, options, depth + 1);
  const read = Object.hasOwn(scalars, type!.name) ? scalars[type!.name] : undefined;
  if (read === undefined) throw invalid("type of a value", type!.name, "a type that XML-RPC has");
  return read(textOf(type!), options);
}

function decodeArray(array: Element, options: DateOptions, depth: number): unknown[] {
  notTooDeep(depth);
  return elementsOf(only(array, "data")).map((value) => decodeValue(value, options, depth));
}

function decodeStruct(struct: Element, options: DateOptions, depth: number): Record<string, unknown> {
  notTooDeep(depth);
  const object: Record<string, unknown> = {};
  for (const member of elementsOf(struct)) {
    const [name, value, ...more] = elementsOf(member);
    if (member.name !== "member" || name?.name !== "name" || value === undefined || more.length > 0)
      throw invalid(`<${member.name}> in <struct>`, undefined, "<member> with <name> and <value>");
    put(object, textOf(name), decodeValue(value, options, depth));
  }
  return object;
}

/** As JSON.parse does it: a member that is called `__proto__` is a property and nothing else. */
function put(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function notTooDeep(depth: number): void {
  if (depth > deepest)
    throw invalid("value", undefined, `at most ${deepest} arrays and structs in one another`);
}

type Read = (text: string, options: DateOptions) => unknown;

const scalars: Readonly<Record<string, Read>> = {
  int: integer,
  i1: integer,
  i2: integer,
  i4: integer,
  i8: integer,
  boolean: truth,
  double,
  float: double,
  string: (text) => text,
  "dateTime.iso8601": date,
  base64: bytes,
  nil: nothing,
};

function integer(text: string): number | bigint {
  const digits = text.trim();
  if (!/^[+-]?\d{1,30}$/.test(digits)) throw invalid("integer", digits, "digits with a sign");
  const value = BigInt(digits.replace(/^\+/, ""));
  if (BigInt.asIntN(64, value) !== value) throw invalid("integer", digits, "64 bits");
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function truth(text: string): boolean {
  const digit = text.trim();
  if (digit !== "0" && digit !== "1") throw invalid("boolean", digit, "0 or 1");
  return digit === "1";
}

function double(text: string): number {
  const digits = text.trim();
  const value = Number(digits);
  // Peers that break the rule send exponents; Infinity and NaN are no numbers to them either.
  if (
    digits.length > 400 ||
    !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(digits) ||
    !Number.isFinite(value)
  )
    throw invalid("double", digits, "a finite decimal number");
  return value;
}

const iso8601 = /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?$/;

function date(text: string, { zone = "utc" }: DateOptions): Date {
  const match = iso8601.exec(text.trim());
  const [, year, month, day, hour, minute, second, fraction = "", offset] = match ?? [];
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, "0").slice(0, 3)}`;
  const value = new Date(local + (offset === undefined ? (zone === "utc" ? "Z" : "") : fullOffset(offset)));
  if (!match || Number.isNaN(value.getTime()) || Number(day) > daysIn(Number(year), Number(month)))
    throw invalid("date", text.trim(), "one like 20260131T23:59:00");
  return value;
}

/** `Date` takes the 31st of February for the 3rd of March. */
const daysIn = (year: number, month: number): number =>
  new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

/** `+01:00` of `+01` and `+0100`. */
const fullOffset = (offset: string): string =>
  offset === "Z" ? offset : `${offset.slice(0, 3)}:${offset.slice(3).replace(":", "") || "00"}`;

function bytes(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch (error) {
    throw invalid("base64", undefined, "letters of base64 with padding", error);
  }
}

function nothing(text: string): null {
  if (text.trim() !== "") throw invalid("nil", text, "no content");
  return null;
}
