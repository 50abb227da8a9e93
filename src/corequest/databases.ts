import { type AliasName, DB_MONGODB, DB_PGSQL, DB_REDIS, DB_SQLITE3 } from "../config/alias-options.ts";
import { clusterOf } from "../upstream/clusters.ts";
import { type Database, type DatabaseEntry, type DatabaseMap, database, type SqlAlias } from "./database.ts";
import { mongodb, type MongoDatabase, type OneMongoDatabase } from "./mongodb.ts";
import type { AnyTables } from "./query/types.ts";
import { type OneRedis, redis, type RedisHandle } from "./redis.ts";
import type { DatabaseOptions } from "./sql-options.ts";

type RedisAlias = AliasName<typeof DB_REDIS>;
type MongoAlias = AliasName<typeof DB_MONGODB>;

/** A handle on one member of an alias. */
export interface AnyDatabase {
  <Tables = AnyTables>(alias: SqlAlias, options?: DatabaseOptions): Database<Tables>;
  (alias: RedisAlias, options?: DatabaseOptions): OneRedis;
  (alias: MongoAlias, options?: DatabaseOptions): OneMongoDatabase;
}

/** What `was.db` is: the type of the alias decides, so `alias` gives names that know it; a name as text is taken for SQL. */
export interface AnyDatabaseEntry extends AnyDatabase {
  readonly lb: AnyDatabase;
  readonly map: {
    (alias: SqlAlias, options?: DatabaseOptions): DatabaseMap;
    (alias: RedisAlias, options?: DatabaseOptions): RedisHandle<"tasks">;
    (alias: MongoAlias, options?: DatabaseOptions): MongoDatabase<"tasks">;
  };
}

const types = [DB_PGSQL, DB_SQLITE3, DB_REDIS, DB_MONGODB] as const;

type Entry = (name: never, options?: DatabaseOptions) => unknown;

const chosen =
  (way: "lb" | "map") =>
  (name: string, options?: DatabaseOptions): unknown => {
    const { type } = clusterOf(name, types);
    const entry: Entry =
      type === DB_REDIS ? redis[way] : type === DB_MONGODB ? mongodb[way] : (database as DatabaseEntry)[way];
    return entry(name as never, options);
  };

/** @throws SkitaiError ALIAS_UNKNOWN, ALIAS_TYPE, OPTION_INVALID */
export const databases = Object.assign(chosen("lb"), {
  lb: chosen("lb"),
  map: chosen("map"),
}) as unknown as AnyDatabaseEntry;
