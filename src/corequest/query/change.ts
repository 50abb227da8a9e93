import {
  type ColumnUpdateNode,
  type DeleteQueryNode,
  FromNode,
  type OperationNode,
  ReturningNode,
  type SelectionNode,
  type UpdateQueryNode,
  WhereNode,
} from "kysely";
import type { Task } from "../task.ts";
import { compile, type SqlText, statement } from "./compile.ts";
import { updates } from "./data.ts";
import type { Executor, Scope as RenderScope } from "./executor.ts";
import { invalid } from "./invalid.ts";
import { table } from "./names.ts";
import { output } from "./output.ts";
import type { AliasedRaw } from "./raw.ts";
import { excluded, narrowed } from "./restriction.ts";
import type * as t from "./types.ts";

interface State {
  readonly table: OperationNode;
  readonly tables: readonly string[];
  /** `undefined`: a delete. */
  readonly updates: readonly ColumnUpdateNode[] | undefined;
  readonly where: OperationNode | undefined;
  /** Whether rows are meant to be changed without any condition. */
  readonly all: boolean;
  readonly returning: readonly SelectionNode[];
}

/**
 * Rows to delete, or to update (`Update`). As with `Select`, every call gives a new query. One without any condition is
 * refused: `all()` says that every row is meant. Spec D4.
 */
export class Change<Scope, Stored, Row = never> {
  declare readonly row: Row;
  declare readonly stored: Stored;
  readonly #executor: Executor;
  readonly #state: State;

  /** @internal */
  constructor(executor: Executor, state: State) {
    this.#executor = executor;
    this.#state = state;
  }

  /** Rows for which all of these are true. */
  filter(...conditions: readonly t.Given<t.Words<Scope>>[]): this {
    const scope = this.scope();
    return this.with({ where: narrowed(this.#state.where, conditions, scope), tables: scope.tables });
  }

  /** Not the rows for which all of these are true. */
  exclude(...conditions: readonly t.Given<t.Words<Scope>>[]): this {
    const scope = this.scope();
    return this.with({ where: excluded(this.#state.where, conditions, scope), tables: scope.tables });
  }

  /** Every row is meant where there is no condition. */
  all(): this {
    return this.with({ all: true });
  }

  /** Gives back these columns of each row: as it is after an update, as it was before a delete. */
  returning<const Names extends readonly (t.Selection<Scope> | AliasedRaw)[]>(
    ...names: Names
  ): Change<Scope, Stored, t.Flat<t.Picked<Scope, Names[number]>>> {
    const scope = this.scope();
    return this.with({ returning: names.map((name) => output(name, scope)) }) as never;
  }

  branch(): this {
    return this.with({}) as this;
  }

  /**
   * Starts it; the rows are those of `returning`.
   * @throws SkitaiError QUERY_INVALID when there is no condition and no `all()`
   */
  execute(): Task<Row[]> {
    return this.#executor.execute(statement(this.#node(), this.#executor, true, this.#state.tables));
  }

  /** For eyes and tests. */
  toSql(): SqlText {
    return compile(this.#node(), this.#executor.dialect);
  }

  /** @internal */
  protected scope(): RenderScope {
    return { dialect: this.#executor.dialect, tables: this.#state.tables };
  }

  /** @internal */
  protected with(changes: Partial<State>): this {
    const Same = this.constructor as new (executor: Executor, state: State) => this;
    return new Same(this.#executor, { ...this.#state, ...changes });
  }

  #node(): UpdateQueryNode | DeleteQueryNode {
    const { table: node, updates: set, where, all, returning } = this.#state;
    const verb = set === undefined ? "delete" : "update";
    if (where === undefined && !all)
      throw invalid(`${verb} without a condition`, undefined, "filter(…), or all() for every row");
    if (set?.length === 0) throw invalid("update", undefined, "data(…) before it starts");
    const rest = {
      ...(where !== undefined && { where: WhereNode.create(where) }),
      ...(returning.length > 0 && { returning: ReturningNode.create(returning) }),
    };
    if (set === undefined) return { kind: "DeleteQueryNode", from: FromNode.create([node]), ...rest };
    return { kind: "UpdateQueryNode", table: node, updates: set, ...rest };
  }
}

/** Rows to change. */
export class Update<Scope, Stored, Row = never> extends Change<Scope, Stored, Row> {
  /** The new values, in place of those given before. */
  data(values: Stored): this {
    const scope = this.scope();
    return this.with({ updates: updates(values as object, scope), tables: scope.tables });
  }

  override returning<const Names extends readonly (t.Selection<Scope> | AliasedRaw)[]>(
    ...names: Names
  ): Update<Scope, Stored, t.Flat<t.Picked<Scope, Names[number]>>> {
    return super.returning(...names) as never;
  }
}

/** What `update` and `delete` begin with. */
export function changeOf(words: string, changes: readonly ColumnUpdateNode[] | undefined): State {
  const { node, table: name } = table(words);
  return { table: node, tables: [name], updates: changes, where: undefined, all: false, returning: [] };
}
