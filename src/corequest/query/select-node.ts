import {
  BinaryOperationNode,
  FromNode,
  GroupByItemNode,
  GroupByNode,
  HavingNode,
  type JoinNode,
  LimitNode,
  OffsetNode,
  type OperationNode,
  OperatorNode,
  OrderByItemNode,
  OrderByNode,
  RawNode,
  SelectModifierNode,
  SelectionNode,
  type SelectQueryNode,
  ValueNode,
  WhereNode,
} from "kysely";
import { both } from "./condition-node.ts";
import type { Dialect, Scope } from "./executor.ts";
import { invalid } from "./invalid.ts";
import { expression, table } from "./names.ts";
import { Raw } from "./raw.ts";
import { renderRaw } from "./raw-node.ts";

/** What a select was told so far. */
export interface SelectState {
  readonly from: OperationNode;
  readonly tables: readonly string[];
  /** Empty: all columns. */
  readonly selections: readonly SelectionNode[];
  readonly joins: readonly JoinNode[];
  readonly where: OperationNode | undefined;
  readonly having: OperationNode | undefined;
  readonly groupBy: readonly OperationNode[];
  readonly orderBy: readonly OrderByItemNode[];
  readonly limit: number | undefined;
  readonly offset: number | undefined;
  readonly distinct: boolean;
}

const EVERYTHING = [SelectionNode.createSelectAll()];
const DISTINCT = [SelectModifierNode.create("Distinct")];
const DOWN = RawNode.createWithSql("desc");
const UNLIMITED = LimitNode.create(RawNode.createWithSql("-1"));
const EQUAL = OperatorNode.create("=");

export function selectNode(state: SelectState, dialect: Dialect): SelectQueryNode {
  const { from, selections, joins, where, having, groupBy, orderBy, limit, offset, distinct } = state;
  return {
    kind: "SelectQueryNode",
    from: FromNode.create([from]),
    selections: selections.length === 0 ? EVERYTHING : selections,
    ...(joins.length > 0 && { joins }),
    ...(distinct && { frontModifiers: DISTINCT }),
    ...(where !== undefined && { where: WhereNode.create(where) }),
    ...(groupBy.length > 0 && { groupBy: GroupByNode.create(groupBy.map(GroupByItemNode.create)) }),
    ...(having !== undefined && { having: HavingNode.create(having) }),
    ...(orderBy.length > 0 && { orderBy: OrderByNode.create(orderBy) }),
    ...(limit !== undefined && { limit: LimitNode.create(ValueNode.create(limit)) }),
    // SQLite's grammar has no offset without a limit.
    ...(limit === undefined && offset !== undefined && dialect === "sqlite" && { limit: UNLIMITED }),
    ...(offset !== undefined && { offset: OffsetNode.create(ValueNode.create(offset)) }),
  };
}

/** A select of all there is in a table. */
export function startOf(words: string): SelectState {
  const { node, table: name } = table(words);
  return {
    from: node,
    tables: [name],
    selections: [],
    joins: [],
    where: undefined,
    having: undefined,
    groupBy: [],
    orderBy: [],
    limit: undefined,
    offset: undefined,
    distinct: false,
  };
}

export function expressionOf(column: string | Raw, scope: Scope): OperationNode {
  return column instanceof Raw ? renderRaw(column, scope) : expression(column).node;
}

export function orderItem(column: string | Raw, scope: Scope): OrderByItemNode {
  const down = typeof column === "string" && column.startsWith("-");
  const node = expressionOf(down ? column.slice(1) : column, scope);
  const item = OrderByItemNode.create(node, down ? DOWN : undefined);
  // PostgreSQL's own order, which SQLite has the other way round. SQL of the caller's own may hold a direction already.
  if (scope.dialect === "postgresql" || column instanceof Raw) return item;
  return OrderByItemNode.cloneWith(item, { nulls: down ? "first" : "last" });
}

/** Columns of two tables that are to be equal. */
export function joinColumns(on: object): OperationNode {
  let node: OperationNode | undefined;
  for (const [left, right] of Object.entries(on) as [string, string][])
    node = both(node, BinaryOperationNode.create(expression(left).node, EQUAL, expression(right).node));
  if (node === undefined) throw invalid("join", on, 'columns that are to be equal: { "o.id": "p.owner_id" }');
  return node;
}

export function rowCount(name: string, rows: number): number {
  if (!Number.isSafeInteger(rows) || rows < 0) throw invalid(name, rows, "an integer from 0");
  return rows;
}
