import {
  type CompiledQuery,
  PostgresQueryCompiler,
  type RootOperationNode,
  SqliteQueryCompiler,
} from "kysely";
import type { Dialect, Executor, Statement } from "./executor.ts";
import { invalid } from "./invalid.ts";

/** SQLite's own limit; PostgreSQL would take twice as many. */
const MOST_PARAMETERS = 32_766;

/** What `toSql` shows. */
export interface SqlText {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * Names in backticks: SQLite takes a name in double quotes that it does not know for text, so that a condition on a
 * misspelt column would be true or false for every row.
 */
class BacktickCompiler extends SqliteQueryCompiler {
  protected override getLeftIdentifierWrapper(): string {
    return "`";
  }

  protected override getRightIdentifierWrapper(): string {
    return "`";
  }
}

const compilers: Readonly<Record<Dialect, { compileQuery: PostgresQueryCompiler["compileQuery"] }>> = {
  postgresql: new PostgresQueryCompiler(),
  sqlite: new BacktickCompiler(),
};
const queryId = { queryId: "" } as CompiledQuery["queryId"];

/** @throws SkitaiError QUERY_INVALID when it has more values than a database takes */
export function compile(node: RootOperationNode, dialect: Dialect): SqlText {
  const { sql, parameters } = compilers[dialect].compileQuery(node, queryId);
  if (parameters.length > MOST_PARAMETERS)
    throw invalid("values of a query", parameters.length, `at most ${MOST_PARAMETERS}`);
  return { sql, parameters };
}

export const statement = (
  node: RootOperationNode,
  { dialect }: Executor,
  writes: boolean,
  tables: readonly string[],
): Statement => ({ ...compile(node, dialect), writes, tables });
