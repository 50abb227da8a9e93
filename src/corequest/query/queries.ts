import { Change, changeOf, Update } from "./change.ts";
import type { Executor } from "./executor.ts";
import { Insert } from "./insert.ts";
import { startOf } from "./select-node.ts";
import { Select } from "./select.ts";
import type * as t from "./types.ts";

/** The beginnings of all queries. */
export interface Queries<Tables> {
  /** `select("pets as p").get("p.id").filter({ "p.age__gte": 3 }).execute()`. */
  select<const Words extends t.TableWords<Tables>>(words: Words): Select<Tables, t.From<Tables, Words>>;
  /** `insert("pets").data({ name: "Ann" }).returning("id").execute()`. */
  insert<const Name extends t.TableName<Tables>>(
    name: Name,
  ): Insert<t.From<Tables, Name>, t.Stored<Tables[Name]>>;
  /** `update("pets").data({ name: "Eve" }).filter({ id: 3 }).execute()`. */
  update<const Words extends t.TableWords<Tables>>(
    words: Words,
  ): Update<t.From<Tables, Words>, t.StoredIn<Tables, Words>>;
  /** `delete("pets").filter({ id: 3 }).execute()`. */
  delete<const Words extends t.TableWords<Tables>>(
    words: Words,
  ): Change<t.From<Tables, Words>, t.StoredIn<Tables, Words>>;
}

/**
 * A query builder over a database handle or a transaction. The same code gives the same rows on SQLite and PostgreSQL.
 * Spec D4.
 * @typeParam Tables an interface of rows by table; without it every name and value goes
 */
export function queries<Tables = t.AnyTables>(executor: Executor): Queries<Tables> {
  return {
    select: (words) => new Select(executor, startOf(words)),
    insert: (name) => Insert.into<Tables, typeof name>(executor, name),
    update: (words) => new Update(executor, changeOf(words, [])),
    delete: (words) => new Change(executor, changeOf(words, undefined)),
  };
}
