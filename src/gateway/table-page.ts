import { GatewayError } from "./error.ts";
import type { TableRequest } from "./table-request.ts";

/** A row as a driver gives it, by name of the column. */
export type Row = Readonly<Record<string, unknown>>;

/** Longest page in characters: rows are limited, their cells are not. */
const maxPage = 16 * 1024 * 1024;

/**
 * A page as JSON: `{ "rows": [...], "limit": 100, "offset": 0, "next": "?..." }`, `next` is null on the last one. Its entity
 * tag is of its content, so that a client who has it gets a 304.
 * @param rows one more than asked for, if there are more
 * @param search of the request
 * @throws GatewayError TABLE_QUERY for a page that is too long
 */
export function tablePage(
  { limit, offset, columns }: TableRequest,
  rows: readonly Row[],
  search: string,
): Response {
  const next = rows.length > limit ? nextOf(search, offset + limit) : null;
  const body = `{"rows":[${rowsOf(rows.slice(0, limit), columns)}],"limit":${limit},"offset":${offset},"next":${JSON.stringify(next)}}\n`;
  const tag = new Bun.CryptoHasher("sha256").update(body).digest("base64url").slice(0, 22);
  return new Response(body, {
    headers: {
      "content-type": "application/json",
      etag: `"${tag}"`,
      // Who may see it depends on who asks.
      "cache-control": "private, no-cache",
      ...(next === null ? {} : { link: `<${next}>; rel="next"` }),
    },
  });
}

function rowsOf(rows: readonly Row[], columns: readonly string[]): string {
  const texts: string[] = [];
  let length = 0;
  for (const row of rows) {
    // Nothing but what is shown, whatever the statement gave.
    const cells = columns.map((column) => `${JSON.stringify(column)}:${cellOf(row[column])}`);
    const text = `{${cells.join(",")}}`;
    length += text.length + 1;
    if (length > maxPage)
      throw new GatewayError(
        "TABLE_QUERY",
        { name: "limit", accepted: "fewer rows: these are too long" },
        {},
      );
    texts.push(text);
  }
  return texts.join(",");
}

function cellOf(value: unknown): string {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? `${value}` : `"${value}"`;
  if (value instanceof Uint8Array)
    return `"${Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64")}"`;
  return JSON.stringify(value, exact) ?? "null";
}

/** Inside of arrays and JSON columns. */
const exact = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

function nextOf(search: string, offset: number): string {
  const parameters = new URLSearchParams(search);
  parameters.set("offset", String(offset));
  return `?${parameters}`;
}
