import {
  AggregateFunctionNode,
  AliasNode,
  ColumnNode,
  IdentifierNode,
  type OperationNode,
  ReferenceNode,
  SelectAllNode,
  SelectionNode,
  TableNode,
} from "kysely";
import { invalid } from "./invalid.ts";

/** PostgreSQL cuts longer names off without a word, so that two of them could be one. */
const PART = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/;
const ALIASED = /^(\S+|\w+\(distinct \S+\)) as (\S+)$/i;
const CALL = /^(count|sum|avg|min|max)\((distinct )?(\S+)\)$/i;
/** Names that come from clients (an order, say) are cached too: not without end. */
const KEPT = 1000;
const COLUMN = "column, table.column or an aggregate such as count(*); letters, digits, _ and $ (at most 63)";

/** What a name in a query stands for. */
export interface Expression {
  readonly node: OperationNode;
  /** Of an aggregate: its function. */
  readonly call?: string;
}

export interface NamedTable {
  readonly node: OperationNode;
  /** Without its alias. */
  readonly table: string;
}

/** `make` once per text, as long as there are not too many. Failures are not kept. */
export function remembered<Value>(make: (text: string) => Value): (text: string) => Value {
  const kept = new Map<string, Value>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const value = make(text);
    if (kept.size >= KEPT) kept.clear();
    kept.set(text, value);
    return value;
  };
}

/** A table to read or change: `pets`, `public.pets`, `pets as p`. */
export const table = remembered((text): NamedTable => {
  const [name, alias] = split("table", text, "table, schema.table or table as alias");
  const parts = partsOf("table", name, 2, "table, schema.table or table as alias");
  const node = TableNode.create(parts.at(-1)!);
  const full = parts.length === 2 ? TableNode.createWithSchema(parts[0]!, parts[1]!) : node;
  return { table: name, node: alias === undefined ? full : AliasNode.create(full, identifier(alias)) };
});

/** A column without its table, as insert and update name it. */
export const column = remembered((text): ColumnNode => {
  partsOf("column", text, 1, "letters, digits, _ and $ (at most 63), the first no digit");
  return ColumnNode.create(text);
});

/** A column or an aggregate: `name`, `p.name`, `count(*)`, `count(distinct p.name)`, `sum(age)`. */
export const expression = remembered((text): Expression => {
  const call = CALL.exec(text);
  if (call === null) return { node: reference(text) };
  const [, name = "", distinct, operand = ""] = call;
  if (operand === "*" && (name.toLowerCase() !== "count" || distinct !== undefined))
    throw invalid("column", text, COLUMN);
  const over = operand === "*" ? SelectAllNode.create() : reference(operand);
  const node = AggregateFunctionNode.create(name.toLowerCase(), [over]);
  return {
    node: distinct === undefined ? node : AggregateFunctionNode.cloneWithDistinct(node),
    call: name.toLowerCase(),
  };
});

/** What a list of columns may hold: an expression, one `as` another name, `*`, `p.*`. */
export const selection = remembered((text): { expression: Expression; alias?: IdentifierNode } => {
  if (text === "*") return { expression: { node: SelectAllNode.create() } };
  if (text.endsWith(".*")) return { expression: { node: allOf(text.slice(0, -2)) } };
  const [name, alias] = split("column", text, `${COLUMN}, and as alias`);
  const found = expression(name);
  const label = alias ?? found.call;
  return label === undefined ? { expression: found } : { expression: found, alias: identifier(label) };
});

export const asSelection = (node: OperationNode, alias: IdentifierNode | undefined): SelectionNode =>
  SelectionNode.create((alias === undefined ? node : AliasNode.create(node, alias)) as never);

/** @throws SkitaiError QUERY_INVALID */
export function identifier(text: string): IdentifierNode {
  partsOf("alias", text, 1, "letters, digits, _ and $ (at most 63), the first no digit");
  return IdentifierNode.create(text);
}

function reference(text: string): ReferenceNode {
  const parts = partsOf("column", text, 3, COLUMN);
  const node = ColumnNode.create(parts.at(-1)!);
  if (parts.length === 1) return ReferenceNode.create(node);
  return ReferenceNode.create(node, tableOf(parts.slice(0, -1)));
}

function allOf(text: string): ReferenceNode {
  return ReferenceNode.createSelectAll(tableOf(partsOf("column", text, 2, COLUMN)));
}

const tableOf = (parts: readonly string[]): TableNode =>
  parts.length === 1 ? TableNode.create(parts[0]!) : TableNode.createWithSchema(parts[0]!, parts[1]!);

function split(what: string, text: string, accepted: string): [name: string, alias: string | undefined] {
  if (typeof text !== "string") throw invalid(what, text, accepted);
  const [, name = text, alias] = ALIASED.exec(text) ?? [];
  return [name, alias];
}

function partsOf(what: string, text: string, most: number, accepted: string): readonly string[] {
  if (typeof text !== "string") throw invalid(what, text, accepted);
  const parts = text.split(".", most + 1);
  if (parts.length > most || !parts.every((part) => PART.test(part))) throw invalid(what, text, accepted);
  return parts;
}
