import type {
  AggregateOptions,
  AnyBulkWriteOperation,
  BulkWriteOptions,
  BulkWriteResult,
  Collection,
  CountDocumentsOptions,
  CreateIndexesOptions,
  DeleteOptions,
  DeleteResult,
  DistinctOptions,
  Document,
  Filter,
  FindOneAndDeleteOptions,
  FindOneAndReplaceOptions,
  FindOneAndUpdateOptions,
  FindOneOptions,
  FindOptions,
  IndexSpecification,
  InsertManyResult,
  InsertOneOptions,
  InsertOneResult,
  OptionalUnlessRequiredId,
  ReplaceOptions,
  UpdateFilter,
  UpdateOptions,
  UpdateResult,
  WithId,
  WithoutId,
} from "mongodb";
import { SkitaiError } from "../errors.ts";
import type { Control } from "./control.ts";
import { type MongoCall, mongoKey, type MongoLimits } from "./mongo-call.ts";
import type { Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

type Kind = "task" | "tasks";
type Reply<Of extends Kind, Data> = Of extends "task" ? Task<Data> : Tasks<Task<Data>[]>;

/**
 * Operations on a collection as tasks, with the arguments and results of the driver's; `find` and `aggregate` give a list
 * instead of a cursor. What only reads may go to another member when one fails; a write never, when it may have arrived.
 * `maxTimeMS` is what is left of the task's time. Spec D6.
 */
export interface Documents<Schema extends Document, Of extends Kind = "task"> {
  /** @throws in the task: BACKEND_FAILED for more than `maxDocuments` or `maxBytes` */
  find<Item extends Document = WithId<Schema>>(
    filter?: Filter<Schema>,
    options?: FindOptions & MongoLimits,
  ): Reply<Of, Item[]>;
  findOne<Item = WithId<Schema>>(filter?: Filter<Schema>, options?: FindOneOptions): Reply<Of, Item | null>;
  /** One with `$out` or `$merge` is a write. */
  aggregate<Item extends Document = Document>(
    pipeline: readonly Document[],
    options?: AggregateOptions & MongoLimits,
  ): Reply<Of, Item[]>;
  countDocuments(filter?: Filter<Schema>, options?: CountDocumentsOptions): Reply<Of, number>;
  distinct<Key extends keyof WithId<Schema> & string>(
    key: Key,
    filter?: Filter<Schema>,
    options?: DistinctOptions,
  ): Reply<Of, WithId<Schema>[Key][]>;
  insertOne(
    document: OptionalUnlessRequiredId<Schema>,
    options?: InsertOneOptions,
  ): Reply<Of, InsertOneResult<Schema>>;
  insertMany(
    documents: readonly OptionalUnlessRequiredId<Schema>[],
    options?: BulkWriteOptions,
  ): Reply<Of, InsertManyResult<Schema>>;
  updateOne(
    filter: Filter<Schema>,
    update: UpdateFilter<Schema> | Document[],
    options?: UpdateOptions,
  ): Reply<Of, UpdateResult<Schema>>;
  updateMany(
    filter: Filter<Schema>,
    update: UpdateFilter<Schema> | Document[],
    options?: UpdateOptions,
  ): Reply<Of, UpdateResult<Schema>>;
  replaceOne(
    filter: Filter<Schema>,
    replacement: WithoutId<Schema>,
    options?: ReplaceOptions,
  ): Reply<Of, UpdateResult<Schema>>;
  deleteOne(filter: Filter<Schema>, options?: DeleteOptions): Reply<Of, DeleteResult>;
  deleteMany(filter: Filter<Schema>, options?: DeleteOptions): Reply<Of, DeleteResult>;
  bulkWrite(
    operations: readonly AnyBulkWriteOperation<Schema>[],
    options?: BulkWriteOptions,
  ): Reply<Of, BulkWriteResult>;
  findOneAndUpdate(
    filter: Filter<Schema>,
    update: UpdateFilter<Schema> | Document[],
    options?: FindOneAndUpdateOptions,
  ): Reply<Of, WithId<Schema> | null>;
  findOneAndReplace(
    filter: Filter<Schema>,
    replacement: WithoutId<Schema>,
    options?: FindOneAndReplaceOptions,
  ): Reply<Of, WithId<Schema> | null>;
  findOneAndDelete(
    filter: Filter<Schema>,
    options?: FindOneAndDeleteOptions,
  ): Reply<Of, WithId<Schema> | null>;
  /** @returns a task of the index's name */
  createIndex(keys: IndexSpecification, options?: CreateIndexesOptions): Reply<Of, string>;
  dropIndex(name: string): Reply<Of, Document>;
}

/** How a method is sent. */
interface Operation {
  readonly name: string;
  /** How many arguments stand before the options. */
  readonly arity: number;
  readonly reads: boolean;
  /** It takes `maxTimeMS`. `distinct` takes it as well, but not everywhere. */
  readonly timed: boolean;
  /** The driver gives it up by a signal. */
  readonly abortable: boolean;
  /** It gives a cursor. */
  readonly cursor?: boolean;
}

const reading = { reads: true, timed: true, abortable: true };
const writing = { reads: false, timed: false, abortable: false };
const operations: readonly Operation[] = [
  { name: "find", arity: 1, ...reading, cursor: true },
  { name: "findOne", arity: 1, ...reading },
  { name: "aggregate", arity: 1, ...reading, cursor: true },
  { name: "countDocuments", arity: 1, ...reading },
  { name: "distinct", arity: 2, reads: true, timed: false, abortable: false },
  { name: "insertOne", arity: 1, ...writing },
  { name: "insertMany", arity: 1, ...writing },
  { name: "updateOne", arity: 2, ...writing },
  { name: "updateMany", arity: 2, ...writing },
  { name: "replaceOne", arity: 2, ...writing },
  { name: "deleteOne", arity: 1, ...writing },
  { name: "deleteMany", arity: 1, ...writing },
  { name: "bulkWrite", arity: 1, ...writing },
  { name: "findOneAndUpdate", arity: 2, ...writing, timed: true },
  { name: "findOneAndReplace", arity: 2, ...writing, timed: true },
  { name: "findOneAndDelete", arity: 1, ...writing, timed: true },
  { name: "createIndex", arity: 1, ...writing },
  { name: "dropIndex", arity: 1, ...writing },
];

/** The driver takes no filter for one that finds all. */
const filtered = /^(?:update|replace|delete|findOneAnd)/;

type Send = (call: MongoCall) => unknown;
type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

class Handle {
  readonly #collection: string | undefined;
  readonly #send: Send;

  constructor(collection: string | undefined, send: Send) {
    this.#collection = collection;
    this.#send = send;
  }

  /** @throws SkitaiError QUERY_INVALID */
  operate(operation: Operation, args: readonly unknown[]): unknown {
    const collection = this.#collection;
    if (typeof collection !== "string" || collection === "")
      throw new SkitaiError("QUERY_INVALID", {
        name: `${operation.name}()`,
        accepted: 'collection("pets"), or a member like "host:27017/petstore/pets"',
      });
    if (filtered.test(operation.name) && Object(args[0]) !== args[0])
      throw new SkitaiError("QUERY_INVALID", {
        name: `${collection}.${operation.name}()`,
        value: args[0] ?? "nothing",
        accepted: "a filter; {} for all documents",
      });
    return this.#send(callOf(operation, collection, args));
  }
}

for (const operation of operations)
  Object.defineProperty(Handle.prototype, operation.name, {
    value(this: Handle, ...args: unknown[]) {
      return this.operate(operation, args);
    },
  });

function callOf(operation: Operation, collection: string, args: readonly unknown[]): MongoCall {
  const { name, reads, arity } = operation;
  const idempotent = reads && !(name === "aggregate" && writes(args[0]));
  return {
    label: `${collection}.${name}`,
    idempotent,
    ...(idempotent ? { cacheKey: () => mongoKey([collection, name, ...args]) } : {}),
    run(database, control) {
      const options = optionsFor(operation, args[arity], control);
      return perform(operation, database.collection(collection), args.slice(0, arity), options);
    },
  };
}

const writes = (pipeline: unknown): boolean =>
  Array.isArray(pipeline) && pipeline.some((stage) => Object(stage).$out ?? Object(stage).$merge);

function optionsFor({ timed, abortable }: Operation, given: unknown, control: Control): object {
  return {
    ...(timed ? { maxTimeMS: control.left } : {}),
    ...Object(given),
    ...(abortable ? { signal: control.signal } : {}),
  };
}

async function perform(
  { name, arity, cursor }: Operation,
  collection: Collection,
  args: unknown[],
  options: object,
): Promise<unknown> {
  while (args.length < arity) args.push({});
  if (cursor !== true) return (collection as unknown as Methods)[name]!(...args, options);
  const { documentsOf } = await import("./backends/mongodb-documents.ts");
  const { maxDocuments, maxBytes, ...rest } = options as MongoLimits;
  const found =
    name === "find"
      ? collection.find(args[0] as object, rest)
      : collection.aggregate(args[0] as Document[], rest);
  return documentsOf(found, {
    ...(maxDocuments === undefined ? {} : { maxDocuments }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
}

/** @param collection `undefined` where none is named: every method throws */
export const documents = <Schema extends Document>(
  collection: string | undefined,
  send: Send,
): Documents<Schema> => new Handle(collection, send) as unknown as Documents<Schema>;
