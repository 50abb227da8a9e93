import type { Db } from "mongodb";
import type { Call } from "./backend.ts";
import type { Control } from "./control.ts";

/** One operation on a database. */
export interface MongoCall extends Call {
  /** Resolves with what the task gives. */
  run(database: Db, control: Control): Promise<unknown>;
}

/** How much a `find` or an `aggregate` may give. */
export interface MongoLimits {
  /** Default 100,000. */
  readonly maxDocuments?: number;
  /** Of the documents as BSON. Default 64 MB. */
  readonly maxBytes?: number;
}

/** What calls are equal by: types that JSON does not know are told apart from text. */
export const mongoKey = (parts: readonly unknown[]): string => JSON.stringify(parts, tagged);

/** `this` still has what `toJSON` made text of. */
function tagged(this: unknown, key: string, value: unknown): unknown {
  const given: unknown = (this as Record<string, unknown>)[key];
  if (typeof given === "bigint") return { $bigint: `${given}` };
  if (given instanceof RegExp) return { $regex: `${given}` };
  if (given instanceof Date) return { $date: value };
  const type = (given as { _bsontype?: unknown } | null | undefined)?._bsontype;
  return type === undefined ? value : { [`$${String(type)}`]: value, of: String(given) };
}
