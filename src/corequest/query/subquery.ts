import type { OperationNode } from "kysely";
import type { Scope } from "./executor.ts";

/** A query that another one may compare with. */
export abstract class Subquery {
  /** @internal */
  abstract render(scope: Scope): OperationNode;
}

export const isSubquery = (value: unknown): value is Subquery => value instanceof Subquery;
