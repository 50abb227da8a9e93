import {
  type ColumnNode,
  ColumnUpdateNode,
  IdentifierNode,
  type InsertQueryNode,
  OnConflictNode,
  type OperationNode,
  ReferenceNode,
  ReturningNode,
  type SelectionNode,
  TableNode,
  ValuesNode,
} from "kysely";
import type { Task } from "../task.ts";
import { compile, type SqlText, statement } from "./compile.ts";
import { type RowsNode, rowsNode, updates } from "./data.ts";
import type { Executor, Scope as RenderScope } from "./executor.ts";
import { invalid } from "./invalid.ts";
import { column, table } from "./names.ts";
import { output } from "./output.ts";
import type { AliasedRaw } from "./raw.ts";
import type * as t from "./types.ts";

interface State {
  readonly into: OperationNode;
  readonly tables: readonly string[];
  /** One row of defaults at first. */
  readonly rows: RowsNode;
  readonly onConflict: OnConflictNode | undefined;
  readonly returning: readonly SelectionNode[];
}

const NEW = TableNode.create("excluded");

/** Rows to add. As with `Select`, every call gives a new query. Spec D4. */
export class Insert<Scope, Stored, Row = never> {
  declare readonly row: Row;
  readonly #executor: Executor;
  readonly #state: State;

  /** @internal */
  constructor(executor: Executor, state: State) {
    this.#executor = executor;
    this.#state = state;
  }

  /** @internal */
  static into<Tables, Words extends t.TableName<Tables>>(
    executor: Executor,
    words: Words,
  ): Insert<t.From<Tables, Words>, t.Stored<Tables[Words]>> {
    const { node, table: name } = table(words);
    if (node.kind !== "TableNode") throw invalid("table", words, "a name without alias");
    const rows = { columns: [], values: [] };
    return new Insert(executor, { into: node, tables: [name], rows, onConflict: undefined, returning: [] });
  }

  /** One row or several with the same columns, in place of those given before. Without it: one row of defaults. */
  data(rows: Stored | readonly Stored[]): Insert<Scope, Stored, Row> {
    const list = (Array.isArray(rows) ? rows : [rows]) as readonly object[];
    if (list.length === 0) throw invalid("data", rows, "one row at least");
    const scope = this.#scope();
    return this.#with({ rows: rowsNode(list, scope), tables: scope.tables });
  }

  /** What happens to a row whose values of these columns (a unique key) are there already. */
  onConflict(...columns: readonly [t.Column<Scope>, ...t.Column<Scope>[]]): Conflict<Scope, Stored, Row> {
    const target = columns.map(column);
    return new Conflict((changes) => {
      const scope = this.#scope();
      const node: OnConflictNode = {
        ...OnConflictNode.create(),
        columns: target,
        ...(changes === "ignore" ? { doNothing: true } : { updates: this.#changes(changes, target, scope) }),
      };
      return this.#with({ onConflict: node, tables: scope.tables });
    });
  }

  /** Gives back these columns of each row: `returning("id")`, `returning("*")`. */
  returning<const Names extends readonly (t.Selection<Scope> | AliasedRaw)[]>(
    ...names: Names
  ): Insert<Scope, Stored, t.Flat<t.Picked<Scope, Names[number]>>> {
    const scope = this.#scope();
    return this.#with({ returning: names.map((name) => output(name, scope)) });
  }

  branch(): Insert<Scope, Stored, Row> {
    return this.#with({});
  }

  /** Starts it; the rows are those of `returning`. */
  execute(): Task<Row[]> {
    return this.#executor.execute(statement(this.#node(), this.#executor, true, this.#state.tables));
  }

  /** For eyes and tests. */
  toSql(): SqlText {
    return compile(this.#node(), this.#executor.dialect);
  }

  #scope(): RenderScope {
    return { dialect: this.#executor.dialect, tables: this.#state.tables };
  }

  #with<NewRow>(changes: Partial<State>): Insert<Scope, Stored, NewRow> {
    return new Insert<Scope, Stored, NewRow>(this.#executor, { ...this.#state, ...changes });
  }

  #changes(
    changes: object | undefined,
    target: readonly ColumnNode[],
    scope: RenderScope,
  ): ColumnUpdateNode[] {
    if (changes !== undefined) return updates(changes, scope);
    const keys = new Set(target.map(nameOf));
    const others = this.#state.rows.columns.filter((one) => !keys.has(nameOf(one)));
    if (others.length === 0)
      throw invalid("onConflict.update", [...keys], "data before it, with more columns");
    return others.map((one) => ColumnUpdateNode.create(one, ReferenceNode.create(one, NEW)));
  }

  #node(): InsertQueryNode {
    const { into, rows, onConflict, returning } = this.#state;
    const filled = rows.columns.length > 0;
    if (!filled && rows.values.length > 1) throw invalid("data", {}, "columns, where there are several rows");
    return {
      kind: "InsertQueryNode",
      into: into as TableNode,
      ...(filled
        ? { columns: rows.columns, values: ValuesNode.create(rows.values) }
        : { defaultValues: true }),
      ...(onConflict !== undefined && { onConflict }),
      ...(returning.length > 0 && { returning: ReturningNode.create(returning) }),
    };
  }
}

/** The other half of `onConflict`. */
export class Conflict<Scope, Stored, Row> {
  readonly #settle: (changes: object | "ignore" | undefined) => Insert<Scope, Stored, Row>;

  /** @internal */
  constructor(settle: (changes: object | "ignore" | undefined) => Insert<Scope, Stored, Row>) {
    this.#settle = settle;
  }

  /** The row that is there stays as it is, and is not given back. */
  ignore(): Insert<Scope, Stored, Row> {
    return this.#settle("ignore");
  }

  /** The row that is there gets `changes`; without them the given values, all but the key. */
  update(changes?: Stored): Insert<Scope, Stored, Row> {
    return this.#settle(changes as object | undefined);
  }
}

const nameOf = ({ column: { name } }: { column: IdentifierNode }): string => name;
