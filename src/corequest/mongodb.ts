import type { MongoClient } from "mongodb";
import { type AliasName, DB_MONGODB } from "../config/alias-options.ts";
import { SkitaiError } from "../errors.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { clusterOf } from "../upstream/clusters.ts";
import { databaseOf, mongodb as backend } from "./backends/mongodb.ts";
import { connectionOf } from "./connections.ts";
import { type Documents, documents } from "./mongo-collection.ts";
import { type DatabaseOptions, timeoutOf } from "./sql-options.ts";
import { start, startOnAll } from "./start.ts";

/** The database of an alias; its own methods are those of the collection that the member names: `host/database/collection`. */
export interface MongoDatabase<Of extends "task" | "tasks" = "task"> extends Documents<
  Record<string, unknown>,
  Of
> {
  /** Its operations as tasks, typed by what its documents are: `.collection<Pet>("pets").find({ kind: "cat" })`. */
  collection<Schema extends object = Record<string, unknown>>(name: string): Documents<Schema, Of>;
}

export interface OneMongoDatabase extends MongoDatabase, Disposable {
  /**
   * The driver's client and its pool, the same that the tasks use, for sessions, transactions, change streams, GridFS. Closed
   * with its worker. @throws what importing the driver throws
   */
  raw(): Promise<MongoClient>;
}

type MongoAlias = AliasName<typeof DB_MONGODB>;

/** `was.mongodb("@docs")` */
export interface MongoCalls {
  /** @throws SkitaiError ALIAS_UNKNOWN, ALIAS_TYPE, ALIAS_INVALID for a member that names no database */
  (alias: MongoAlias, options?: DatabaseOptions): OneMongoDatabase;
  readonly lb: (alias: MongoAlias, options?: DatabaseOptions) => OneMongoDatabase;
  /** Asks every member; the results come in their order. */
  readonly map: (alias: MongoAlias, options?: DatabaseOptions) => MongoDatabase<"tasks">;
}

function database(name: string, given: DatabaseOptions = {}, all: boolean): OneMongoDatabase {
  const cluster = clusterOf(name, [DB_MONGODB]);
  const usual = collectionOf(cluster);
  const options = { ...given, timeout: timeoutOf(given) };
  const send = all
    ? (call: Parameters<typeof start>[2]) => startOnAll(backend, cluster, call as never, options)
    : (call: Parameters<typeof start>[2]) => start(backend, cluster, call as never, options);
  const collection = (of: string): Documents<Record<string, unknown>> => documents(of, send as never);
  return Object.assign(documents(usual, send as never), {
    collection: collection as OneMongoDatabase["collection"],
    /** Does nothing: `using db = was.mongodb(…)` may stand where the reference says `with`. */
    [Symbol.dispose]() {},
    async raw() {
      const member = cluster.claim()!;
      member.release();
      return connectionOf(backend, member, cluster).client();
    },
  }) as OneMongoDatabase;
}

function collectionOf({ name, members }: Cluster): string | undefined {
  const places = members.map(({ declaration }) => databaseOf(declaration));
  if (places.some((place) => place.database === undefined))
    throw new SkitaiError("ALIAS_INVALID", {
      name: `alias ${name}`,
      accepted: 'members that name a database, as "host:27017/petstore" or "host:27017/petstore/pets"',
    });
  return places[0]!.collection;
}

/** MongoDB, see `Documents`. Spec D6. */
export const mongodb: MongoCalls = Object.assign(
  (name: string, options?: DatabaseOptions) => database(name, options, false),
  {
    lb: (name: string, options?: DatabaseOptions) => database(name, options, false),
    map: (name: string, options?: DatabaseOptions) =>
      database(name, options, true) as unknown as MongoDatabase<"tasks">,
  },
);
