/** https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
export const oids = {
  bool: 16,
  bytea: 17,
  int8: 20,
  json: 114,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  jsonb: 3802,
} as const;

/** Lists by the type of what is in them. */
export const listOids: Readonly<Record<number, number>> = {
  199: 114,
  651: 650,
  1000: 16,
  1001: 17,
  1003: 19,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  1028: 26,
  1041: 869,
  1115: 1114,
  1182: 1082,
  1183: 1083,
  1185: 1184,
  1187: 1186,
  1231: 1700,
  1270: 1266,
  2951: 2950,
  3807: 3802,
};

/** Whole numbers as `number` where that is exact, else as `bigint`. */
export const whole = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

/** A day has no time zone: `2026-01-31`, and as PostgreSQL writes it before Christ. */
export function dayOf(date: Date): string {
  const text = date.toISOString();
  const year = date.getUTCFullYear();
  const day = text.slice(text.indexOf("T") - 6, text.indexOf("T"));
  if (year > 0) return `${String(year).padStart(4, "0")}${day}`;
  return `${String(1 - year).padStart(4, "0")}${day} BC`;
}

/** Bytes without Node's methods, which write themselves into JSON. */
export const bytesOf = (value: Uint8Array): Uint8Array =>
  new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);

/** `{1,NULL,"a b"}` → `["1", null, "a b"]`; a list that does not start at 1 says so: `[0:1]={5,6}`. */
export function parseList(text: string, item: (text: string) => unknown): unknown[] {
  const tokens = text.slice(text.indexOf("{")).matchAll(/([{}])|"((?:[^"\\]|\\[^])*)"|([^{},"]+)/g);
  const stack: unknown[][] = [[]];
  for (const [, brace, quoted, plain] of tokens) {
    if (brace === "{") stack.push([]);
    else if (brace === "}") {
      const list = stack.pop()!;
      stack.at(-1)!.push(list);
    } else if (quoted !== undefined) stack.at(-1)!.push(item(quoted.replace(/\\([^])/g, "$1")));
    else stack.at(-1)!.push(plain === "NULL" ? null : item(plain!));
  }
  return stack[0]![0] as unknown[];
}

/** The other way round. Elements that are objects become JSON. */
export function listText(list: readonly unknown[]): string {
  return `{${list.map(elementText).join(",")}}`;
}

function elementText(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (Array.isArray(value)) return listText(value);
  return `"${scalarText(value).replace(/[\\"]/g, "\\$&")}"`;
}

function scalarText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${value.toHex()}`;
  return JSON.stringify(value);
}
