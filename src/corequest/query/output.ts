import { CastNode, DataTypeNode, type OperationNode, SelectionNode } from "kysely";
import type { Dialect, Scope } from "./executor.ts";
import { asSelection, selection } from "./names.ts";
import { AliasedRaw } from "./raw.ts";
import { renderAliased } from "./raw-node.ts";

const COUNTED = new Set(["count", "sum", "avg"]);
const DOUBLE = DataTypeNode.create("double precision");

/** A column to give back. */
export function output(item: string | AliasedRaw, scope: Scope): SelectionNode {
  if (item instanceof AliasedRaw) return SelectionNode.create(renderAliased(item, scope) as never);
  const { expression, alias } = selection(item);
  return asSelection(plainNumber(expression.node, expression.call, scope.dialect), alias);
}

/** PostgreSQL counts in bigint and numeric, which drivers give as text; both databases are to give numbers. */
const plainNumber = (node: OperationNode, call: string | undefined, dialect: Dialect): OperationNode =>
  dialect === "postgresql" && call !== undefined && COUNTED.has(call) ? CastNode.create(node, DOUBLE) : node;
