import { AndNode, type OperationNode, OrNode, ParensNode, RawNode } from "kysely";
import { Condition, type Tree } from "./condition.ts";
import type { Scope } from "./executor.ts";
import { invalid, kindOf } from "./invalid.ts";
import { lookups } from "./lookups.ts";
import { expression, remembered } from "./names.ts";
import { Raw } from "./raw.ts";
import { renderRaw } from "./raw-node.ts";

/** What `filter` and the like are given: words, a `Condition` or SQL. */
export type AnyCondition = object;

/** @throws SkitaiError QUERY_INVALID */
export function render(condition: AnyCondition, scope: Scope): OperationNode | undefined {
  if (condition instanceof Condition) return renderTree(condition.tree, scope);
  if (condition instanceof Raw) return ParensNode.create(renderRaw(condition, scope));
  if (typeof condition !== "object" || condition === null || Array.isArray(condition))
    throw invalid("condition", kindOf(condition), "an object such as { age__gte: 3 }, Q(…) or sql`…`");
  return all(Object.entries(condition), scope);
}

export function both(
  left: OperationNode | undefined,
  right: OperationNode | undefined,
): OperationNode | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return AndNode.create(left, right);
}

export const contrary = (node: OperationNode | undefined): OperationNode | undefined =>
  node === undefined ? undefined : RawNode.create(["not (", ")"], [node]);

function renderTree(tree: Tree, scope: Scope): OperationNode | undefined {
  if ("words" in tree) return all(tree.words, scope);
  if ("not" in tree) return contrary(renderTree(tree.not, scope));
  const left = renderTree(tree.left, scope);
  const right = renderTree(tree.right, scope);
  if (tree.join === "and" || left === undefined || right === undefined) return both(left, right);
  return ParensNode.create(OrNode.create(left, right));
}

function all(
  entries: readonly (readonly [name: string, value: unknown])[],
  scope: Scope,
): OperationNode | undefined {
  let node: OperationNode | undefined;
  for (const [name, value] of entries) {
    const { column, lookup } = word(name);
    node = both(node, lookup({ column, value, name, scope }));
  }
  return node;
}

/** `p.age__gte`: all before the last `__` is the column. A column with `__` in its name needs a look-up: `a__b__exact`. */
const word = remembered((text) => {
  const at = text.lastIndexOf("__");
  const name = at < 0 ? text : text.slice(0, at);
  const lookup = lookups.get(at < 0 ? "exact" : text.slice(at + 2));
  if (lookup === undefined) throw invalid("look-up", text, `column__${[...lookups.keys()].join(" __")}`);
  return { column: expression(name).node, lookup };
});
