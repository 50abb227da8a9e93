import type { Dialect, Executor, Statement } from "../../../src/corequest/query/executor.ts";
import { type Queries, queries } from "../../../src/corequest/query/queries.ts";
import type { AnyTables } from "../../../src/corequest/query/types.ts";
import { Result } from "../../../src/corequest/result.ts";
import { Task } from "../../../src/corequest/task.ts";

export type Run = (statement: Statement) => unknown[] | Promise<unknown[]>;

/** A builder whose queries `run` gets. */
export function builder<Tables = AnyTables>(dialect: Dialect, run: Run = () => []): Queries<Tables> {
  const executor: Executor = {
    dialect,
    execute: <Row>(statement: Statement) =>
      new Task<Row[]>(
        async () => {
          try {
            return new Result((await run(statement)) as Row[]);
          } catch (error) {
            return new Result([], { statusCode: 500, error: error as Error });
          }
        },
        { alias: "@test", label: statement.sql },
      ),
  };
  return queries<Tables>(executor);
}

export const dialects: readonly Dialect[] = ["postgresql", "sqlite"];
