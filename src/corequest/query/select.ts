import { JoinNode, type JoinType, type OperationNode } from "kysely";
import type { Task } from "../task.ts";
import { compile, type SqlText, statement } from "./compile.ts";
import type { Executor, Scope as RenderScope } from "./executor.ts";
import { invalid } from "./invalid.ts";
import { table } from "./names.ts";
import { output } from "./output.ts";
import type { AliasedRaw, Raw } from "./raw.ts";
import { excluded, narrowed } from "./restriction.ts";
import {
  expressionOf,
  joinColumns,
  orderItem,
  rowCount,
  type SelectState,
  selectNode,
} from "./select-node.ts";
import { Subquery } from "./subquery.ts";
import type * as t from "./types.ts";

type RowOf<Tables, Row> = Row extends undefined ? t.All<Tables> : t.Flat<Row>;

/**
 * A query for rows. Every call gives a new query and leaves this one as it is, so a common stem can be kept and branched.
 * Wrong names and values throw SkitaiError QUERY_INVALID at the call that has them. Spec D4.
 * @typeParam Tables rows by table, @typeParam Scope rows of the tables in this query by alias
 */
export class Select<Tables, Scope, Row = undefined> extends Subquery {
  declare readonly row: Row;
  readonly #executor: Executor;
  readonly #state: SelectState;

  /** @internal */
  constructor(executor: Executor, state: SelectState) {
    super();
    this.#executor = executor;
    this.#state = state;
  }

  /** The columns of a row: `get("id", "p.name as pet", "count(*) as n")`. Default all; a second call adds to the first. */
  get<const Names extends readonly (t.Selection<Scope> | AliasedRaw)[]>(
    ...names: Names
  ): Select<
    Tables,
    Scope,
    Row extends undefined ? t.Picked<Scope, Names[number]> : Row & t.Picked<Scope, Names[number]>
  > {
    const scope = this.#scope();
    const more = names.map((name) => output(name, scope));
    return this.#with({ selections: [...this.#state.selections, ...more], tables: scope.tables });
  }

  /** Rows for which all of these are true. */
  filter(...conditions: readonly t.Given<t.Words<Scope>>[]): Select<Tables, Scope, Row> {
    const scope = this.#scope();
    return this.#with({ where: narrowed(this.#state.where, conditions, scope), tables: scope.tables });
  }

  /** Without the rows for which all of these are true; as everywhere in SQL, rows where a column is null go with them. */
  exclude(...conditions: readonly t.Given<t.Words<Scope>>[]): Select<Tables, Scope, Row> {
    const scope = this.#scope();
    return this.#with({ where: excluded(this.#state.where, conditions, scope), tables: scope.tables });
  }

  /** Pairs of rows: `join("owners as o", { "o.id": "p.owner_id" })`; more conditions as in `filter` may follow. */
  join<const Words extends t.TableWords<Tables>>(
    words: Words,
    on: t.JoinColumns<Scope & t.From<Tables, Words>>,
    ...conditions: readonly t.Given<t.Words<Scope & t.From<Tables, Words>>>[]
  ): Select<Tables, Scope & t.From<Tables, Words>, Row> {
    return this.#join("InnerJoin", words, on, conditions);
  }

  /** As `join`; a row without a partner stays, with null in the columns of `words`. */
  leftJoin<const Words extends t.TableWords<Tables>>(
    words: Words,
    on: t.JoinColumns<Scope & t.From<Tables, Words>>,
    ...conditions: readonly t.Given<t.Words<Scope & t.From<Tables, Words>>>[]
  ): Select<Tables, Scope & t.LeftFrom<Tables, Words>, Row> {
    return this.#join("LeftJoin", words, on, conditions);
  }

  groupBy(...columns: readonly (t.Column<Scope> | Raw)[]): Select<Tables, Scope, Row> {
    const scope = this.#scope();
    const more = columns.map((column) => expressionOf(column, scope));
    return this.#with({ groupBy: [...this.#state.groupBy, ...more] });
  }

  /** Groups for which all of these are true: `having({ "count(*)__gt": 2 })`. */
  having(...conditions: readonly t.Given<t.HavingWords<Scope>>[]): Select<Tables, Scope, Row> {
    const scope = this.#scope();
    return this.#with({ having: narrowed(this.#state.having, conditions, scope), tables: scope.tables });
  }

  /** `orderBy("-age", "name")`: the oldest first, then by name. null comes last, and first where a `-` is. A second call adds. */
  orderBy(...columns: readonly (t.Order<Scope> | t.Ordered<Row> | Raw)[]): Select<Tables, Scope, Row> {
    const scope = this.#scope();
    const more = columns.map((column) => orderItem(column, scope));
    return this.#with({ orderBy: [...this.#state.orderBy, ...more] });
  }

  /** No row twice. */
  distinct(): Select<Tables, Scope, Row> {
    return this.#with({ distinct: true });
  }

  /** At most so many rows. */
  limit(rows: number): Select<Tables, Scope, Row> {
    return this.#with({ limit: rowCount("limit", rows) });
  }

  /** Without the first so many rows. */
  offset(rows: number): Select<Tables, Scope, Row> {
    return this.#with({ offset: rowCount("offset", rows) });
  }

  /** Aggregates over the same rows: drops columns, order, groups and limits. `aggregate("max(age) as oldest")`. */
  aggregate<const Names extends readonly (t.Selection<Scope> | AliasedRaw)[]>(
    ...names: Names
  ): Select<Tables, Scope, t.Picked<Scope, Names[number]>> {
    const { from, tables, joins, where } = this.#state;
    const rest = {
      having: undefined,
      groupBy: [],
      orderBy: [],
      limit: undefined,
      offset: undefined,
      distinct: false,
    };
    const state = { from, tables, joins, where, selections: [], ...rest };
    return new Select<Tables, Scope>(this.#executor, state).get(...names) as never;
  }

  /** How many rows there are: one row, `{ count }`. */
  count(): Select<Tables, Scope, { count: number }> {
    return this.aggregate("count(*)" as never) as never;
  }

  /** A query of its own from here on. Every call gives one; this is for saying so. */
  branch(): Select<Tables, Scope, Row> {
    return this.#with({});
  }

  /** Starts it. */
  execute(): Task<RowOf<Scope, Row>[]> {
    return this.#executor.execute(
      statement(selectNode(this.#state, this.#executor.dialect), this.#executor, false, this.#state.tables),
    );
  }

  /** For eyes and tests. */
  toSql(): SqlText {
    return compile(selectNode(this.#state, this.#executor.dialect), this.#executor.dialect);
  }

  /** @internal */
  render(scope: RenderScope): OperationNode {
    if (scope.dialect !== this.#executor.dialect)
      throw invalid("subquery", this.#executor.dialect, `one of the same database: ${scope.dialect}`);
    scope.tables = [...scope.tables, ...this.#state.tables];
    return selectNode(this.#state, this.#executor.dialect);
  }

  #scope(): RenderScope {
    return { dialect: this.#executor.dialect, tables: this.#state.tables };
  }

  /** @typeParam Query what it is then; only the compiler sees a difference */
  #with<Query>(changes: Partial<SelectState>): Query {
    return new Select(this.#executor, { ...this.#state, ...changes }) as Query;
  }

  #join<NewScope>(
    type: JoinType,
    words: string,
    on: object,
    conditions: readonly object[],
  ): Select<Tables, NewScope, Row> {
    const { node, table: name } = table(words);
    const scope = this.#scope();
    scope.tables = [...scope.tables, name];
    const when = narrowed(joinColumns(on), conditions, scope);
    const joins = [...this.#state.joins, JoinNode.createWithOn(type, node, when!)];
    return this.#with({ joins, tables: scope.tables });
  }
}
