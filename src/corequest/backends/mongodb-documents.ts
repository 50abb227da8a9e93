import { type AbstractCursor, BSON, type Document } from "mongodb";
import type { MongoLimits } from "../mongo-call.ts";

/** More was found than a task gives. */
export class TooMuch extends Error {}

/**
 * All that a cursor has, as far as its limits go. Sizes are counted from the second batch on: the first one has at most 101
 * documents or what `batchSize` says, 16 MB (the server's own limits).
 * @throws TooMuch
 */
export async function documentsOf<Item extends Document>(
  cursor: AbstractCursor<Item>,
  { maxDocuments = 100_000, maxBytes = 64 * 1024 ** 2 }: MongoLimits,
): Promise<Item[]> {
  const all: Item[] = [];
  let bytes: number | undefined;
  try {
    while (await cursor.hasNext()) {
      const batch = cursor.readBufferedDocuments();
      if (all.length > 0 || maxBytes < 16 * 1024 ** 2) bytes = (bytes ?? sizeOf(all)) + sizeOf(batch);
      if (all.length + batch.length > maxDocuments)
        throw tooMuch(`${maxDocuments} documents`, "maxDocuments");
      if (bytes !== undefined && bytes > maxBytes) throw tooMuch(`${maxBytes} bytes`, "maxBytes");
      for (const item of batch) all.push(item);
    }
    return all;
  } finally {
    await cursor.close();
  }
}

const sizeOf = (documents: readonly Document[]): number => {
  let bytes = 0;
  for (const each of documents) bytes += BSON.calculateObjectSize(each);
  return bytes;
};

const tooMuch = (limit: string, option: string): TooMuch =>
  new TooMuch(`at most ${limit}: a filter that finds less, the option limit, or a larger ${option}`);
