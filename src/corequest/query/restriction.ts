import type { OperationNode } from "kysely";
import { both, contrary, render } from "./condition-node.ts";
import type { Scope } from "./executor.ts";

/** `where` and what else has to be true. */
export function narrowed(
  where: OperationNode | undefined,
  conditions: readonly object[],
  scope: Scope,
): OperationNode | undefined {
  return conditions.reduce<OperationNode | undefined>(
    (node, condition) => both(node, render(condition, scope)),
    where,
  );
}

/** `where`, and not all of these at once. */
export const excluded = (
  where: OperationNode | undefined,
  conditions: readonly object[],
  scope: Scope,
): OperationNode | undefined => both(where, contrary(narrowed(undefined, conditions, scope)));
