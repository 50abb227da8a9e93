import { type OperationNode, RawNode, ValueNode } from "kysely";
import type { Dialect } from "./executor.ts";
import { invalid, kindOf } from "./invalid.ts";

const SCALAR =
  "text without NUL, a finite number, a boolean, a 64-bit bigint, a valid Date, a Uint8Array or null";
const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);

/** Lists and plain objects, which are JSON where a column takes them. */
export function isJson(value: unknown): value is object {
  if (Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * A value to compare with.
 * @throws SkitaiError QUERY_INVALID naming the column: `undefined` would drop a condition without a word, and NUL ends a
 * pattern in SQLite and is refused by PostgreSQL
 */
export function bind(value: unknown, dialect: Dialect, name: string): OperationNode {
  return ValueNode.create(scalar(value, dialect, name));
}

/** A value to store: as `bind`, and JSON. */
export function bindData(value: unknown, dialect: Dialect, name: string): OperationNode {
  if (!isJson(value)) return bind(value, dialect, name);
  const text = ValueNode.create(JSON.stringify(value));
  // As text, whatever a driver makes of a list or of text for a column of JSON; stored as json, jsonb or text alike.
  return dialect === "sqlite" ? text : RawNode.create(["cast(cast(", " as text) as json)"], [text]);
}

/** A value in a piece of SQL. */
export function bindRaw(value: unknown, dialect: Dialect): OperationNode {
  if (!isJson(value)) return bind(value, dialect, "value in sql`…`");
  return ValueNode.create(dialect === "sqlite" ? JSON.stringify(value) : value);
}

function scalar(value: unknown, dialect: Dialect, name: string): unknown {
  switch (typeof value) {
    case "string":
      if (!value.includes("\0")) return value;
      break;
    case "number":
      if (Number.isFinite(value)) return value;
      break;
    case "boolean":
      return dialect === "sqlite" ? Number(value) : value;
    case "bigint":
      if (value >= LEAST && value <= MOST) return value;
      break;
    case "object":
      if (value === null || value instanceof Uint8Array) return value;
      if (value instanceof Date && !Number.isNaN(value.getTime()))
        return dialect === "sqlite" ? value.toISOString() : value;
  }
  throw invalid(name, kindOf(value), SCALAR);
}
