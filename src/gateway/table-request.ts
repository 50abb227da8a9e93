import type { TableRule, Tables } from "../config/table-options.ts";
import { SkitaiError } from "../errors.ts";
import { GatewayError } from "./error.ts";

export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=" | "in" | "is null" | "is not null";

export interface Filter {
  readonly column: string;
  readonly comparison: Comparison;
  /** For parameters of a statement, as text: one, of `in` one or more, of `is (not) null` none. */
  readonly values: readonly string[];
}

export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

/** What a client asks of a table: names are of the rules, values are not looked at. */
export interface TableRequest {
  readonly table: string;
  readonly columns: readonly string[];
  readonly filters: readonly Filter[];
  readonly order: readonly Order[];
  readonly limit: number;
  readonly offset: number;
}

const maxPage = 1000;
const maxOffset = 1_000_000;
const maxFilters = 16;
const maxValues = 100;
const maxValue = 1024;
const maxQuery = 8192;
/** Not to be columns' names, else they could not be asked for. */
const reserved = ["limit", "offset", "order", "columns"];
const identifier = /^[A-Za-z_]\w{0,62}$/;
const comparisons: Readonly<Record<string, Comparison>> = {
  ne: "<>",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  in: "in",
};

/** The rules of a mount, made once at start. */
export class TableRules {
  readonly #tables = new Map<string, Required<TableRule>>();

  /** @throws SkitaiError OPTION_INVALID for names that are no plain identifiers, or limits that cannot be */
  constructor(tables: Tables) {
    for (const [name, given] of Object.entries(Object(tables) as Tables)) {
      if (!identifier.test(name)) refuse("tables", name, "names of letters, digits and _");
      this.#tables.set(name, whole(name, Array.isArray(given) ? { columns: given } : (given as TableRule)));
    }
    if (this.#tables.size === 0) refuse("tables", undefined, "one table or more: none is shown by itself");
  }

  /**
   * Reads `/<table>?column=value&column.ge=value&column.in=a,b&column.null=true&order=-column&columns=a,b&limit=&offset=`.
   * @param method GET or HEAD
   * @param path below the mount point, percent-encoded
   * @param search with its `?`, or `""`
   * @throws GatewayError TABLE_QUERY: 400, 404 or 405
   */
  read(method: string, path: string, search: string): TableRequest {
    const { table, rule } = this.#tableOf(path);
    if (method !== "GET" && method !== "HEAD")
      throw new GatewayError(
        "TABLE_QUERY",
        { name: table, accepted: "GET or HEAD" },
        { allow: "GET, HEAD" },
        405,
      );
    const given = parametersOf(search);
    const { columns, pageSize, maxRows } = rule;
    const filters = given.flatMap(([name, value]) =>
      reserved.includes(name) ? [] : filterOf(rule, name, value),
    );
    if (filters.length > maxFilters) invalid("filters", filters.length, `${maxFilters} at most`);
    return {
      table,
      columns: chosen(columns, once(given, "columns")),
      filters,
      order: orderOf(rule, once(given, "order")),
      limit: integer("limit", once(given, "limit"), pageSize, 1, maxRows),
      offset: integer("offset", once(given, "offset"), 0, 0, maxOffset),
    };
  }

  #tableOf(path: string): { table: string; rule: Required<TableRule> } {
    const [, table = "", ...more] = path.split("/");
    const rule = this.#tables.get(table);
    const isWhole = more.length === 0 || (more.length === 1 && more[0] === "");
    // A table that is not shown and one that does not exist are the same.
    if (rule === undefined || !isWhole)
      throw new GatewayError("TABLE_QUERY", { name: "table", accepted: "no such table" }, {}, 404);
    return { table, rule };
  }
}

function whole(name: string, rule: TableRule): Required<TableRule> {
  const table = `tables.${name}`;
  const { columns, maxRows = maxPage } = Object(rule) as TableRule;
  if (!isNames(columns) || columns.length === 0)
    return refuse(table, undefined, "columns as a list of names");
  const { filters = columns, orders = columns, pageSize = Math.min(100, maxRows) } = rule;
  const wrong = columns.find((column) => !identifier.test(column) || reserved.includes(column));
  if (wrong !== undefined)
    refuse(table, wrong, `columns of letters, digits and _, none of ${reserved.join(", ")}`);
  if (!isNames(filters) || !isNames(orders)) return refuse(table, undefined, "filters and orders as lists");
  const other = [...filters, ...orders].find((column) => !columns.includes(column));
  if (other !== undefined) refuse(table, other, `filters and orders out of ${columns.join(", ")}`);
  if (!isBetween(maxRows, 1, maxPage)) refuse(table, maxRows, `maxRows from 1 to ${maxPage}`);
  if (!isBetween(pageSize, 1, maxRows)) refuse(table, pageSize, `pageSize from 1 to ${maxRows}`);
  return { columns: [...columns], filters: [...filters], orders: [...orders], pageSize, maxRows };
}

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

const isBetween = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && value >= min && value <= max;

function parametersOf(search: string): [name: string, value: string][] {
  if (search.length > maxQuery) invalid("query", undefined, `${maxQuery} characters at most`);
  const all = [...new URLSearchParams(search)];
  // U+0000 ends texts in one database and is refused by the other; U+FFFD is what was not UTF-8.
  if (all.some(([name, value]) => /[\0\ufffd]/.test(name + value)))
    invalid("query", undefined, "valid UTF-8");
  return all;
}

function once(given: readonly (readonly [string, string])[], name: string): string | undefined {
  const [first, second] = given.filter(([each]) => each === name);
  if (second !== undefined) invalid(name, undefined, "once");
  return first?.[1];
}

function filterOf({ filters }: Required<TableRule>, name: string, value: string): Filter {
  const [column = "", kind, ...more] = name.split(".");
  if (!filters.includes(column) || more.length > 0) invalid("column", name, filters.join(", "));
  if (value.length > maxValue) invalid(column, undefined, `a value of ${maxValue} characters at most`);
  if (kind === undefined) return { column, comparison: "=", values: [value] };
  if (kind === "null") {
    if (value !== "true" && value !== "false") invalid(name, value, "true or false");
    return { column, comparison: value === "true" ? "is null" : "is not null", values: [] };
  }
  const comparison = Object.hasOwn(comparisons, kind)
    ? comparisons[kind]!
    : invalid(name, undefined, "ne, lt, le, gt, ge, in, null");
  const values = comparison === "in" ? value.split(",") : [value];
  if (values.length > maxValues) invalid(name, undefined, `${maxValues} values at most`);
  return { column, comparison, values };
}

function chosen(columns: readonly string[], text: string | undefined): readonly string[] {
  if (text === undefined) return columns;
  const names = text.split(",");
  const wrong = names.find((name) => !columns.includes(name));
  if (wrong !== undefined) invalid("columns", wrong, columns.join(", "));
  return [...new Set(names)];
}

/** Ends with the key: pages of rows in no complete order show some rows twice and others never. */
function orderOf({ columns, orders }: Required<TableRule>, text: string | undefined): readonly Order[] {
  const order = (text === undefined || text === "" ? [] : text.split(",")).map((word) => {
    const descending = word.startsWith("-");
    const column = descending ? word.slice(1) : word;
    if (!orders.includes(column))
      invalid("order", word, `${orders.join(", ")}, with - before one for descending`);
    return { column, descending };
  });
  const [key] = columns;
  const seen = new Set(order.map(({ column }) => column));
  if (seen.size < order.length) invalid("order", text, "each column once");
  return seen.has(key!) ? order : [...order, { column: key!, descending: false }];
}

function integer(
  name: string,
  text: string | undefined,
  otherwise: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return otherwise;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : invalid(name, text, `an integer from ${min} to ${max}`);
}

function invalid(name: string, value: unknown, accepted: string): never {
  throw new GatewayError("TABLE_QUERY", { name, value, accepted }, {});
}

function refuse(name: string, value: unknown, accepted: string): never {
  throw new SkitaiError("OPTION_INVALID", { name, value, accepted });
}
