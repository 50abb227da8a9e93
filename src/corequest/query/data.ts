import { type ColumnNode, ColumnUpdateNode, type OperationNode, ValueListNode } from "kysely";
import type { Scope } from "./executor.ts";
import { invalid, kindOf } from "./invalid.ts";
import { column } from "./names.ts";
import { Raw } from "./raw.ts";
import { renderRaw } from "./raw-node.ts";
import { bindData, isJson } from "./values.ts";

/** The columns of rows to insert, and the values of each row in the same order. */
export interface RowsNode {
  readonly columns: readonly ColumnNode[];
  readonly values: readonly ValueListNode[];
}

/** `set` of an update. */
export function updates(data: object, scope: Scope): ColumnUpdateNode[] {
  const entries = entriesOf(data);
  if (entries.length === 0) throw invalid("data", kindOf(data), "one column at least");
  return entries.map(([name, value]) => ColumnUpdateNode.create(column(name), stored(value, name, scope)));
}

/** Every row needs the same columns: SQLite has no word for "the default" in a row. */
export function rowsNode(rows: readonly object[], scope: Scope): RowsNode {
  const names = entriesOf(rows[0]!).map(([name]) => name);
  const values = rows.map((row) => {
    const entries = entriesOf(row);
    if (entries.length !== names.length || !names.every((name) => Object.hasOwn(row, name)))
      throw invalid("data", Object.keys(row), `the columns of the first row: ${names.join(", ")}`);
    const given = row as Readonly<Record<string, unknown>>;
    return ValueListNode.create(names.map((name) => stored(given[name], name, scope)));
  });
  return { columns: names.map(column), values };
}

function entriesOf(data: object): [string, unknown][] {
  const entries =
    typeof data === "object" && data !== null && !Array.isArray(data) ? Object.entries(data) : [];
  // A Map or a Date has no columns either, and would be a row of defaults.
  if (entries.length === 0 && (Array.isArray(data) || !isJson(data)))
    throw invalid("data", kindOf(data), "an object of columns and their values");
  return entries;
}

const stored = (value: unknown, name: string, scope: Scope): OperationNode =>
  value instanceof Raw ? renderRaw(value, scope) : bindData(value, scope.dialect, name);
