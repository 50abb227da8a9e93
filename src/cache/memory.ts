import { LRUCache } from "lru-cache";
import type { Fields } from "../http/relay.ts";
import type { Entry } from "./entry.ts";
import { selectionOf } from "./vary.ts";

/** Answers of one URL in memory; the oldest goes when there is another. */
const mostVariants = 32;

/** What is kept of one URL. The fields that select are those of the newest answer. */
export interface Resource {
  names: readonly string[];
  /** The one entry of a URL whose answers do not vary. */
  only: Entry | undefined;
  readonly variants: Map<string, Entry>;
}

/** The entries of one worker in memory, the least used going first. Sizes in bytes. */
export class Memory {
  /** A larger body is kept on disk alone. */
  readonly maxEntry: number;
  readonly #resources: LRUCache<string, Resource>;
  #count = 0;

  constructor(maxBytes: number) {
    this.maxEntry = Math.min(1024 * 1024, Math.floor(maxBytes / 4));
    this.#resources = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: weigh,
      dispose: ({ only, variants }) => void (this.#count -= variants.size + (only === undefined ? 0 : 1)),
      onInsert: ({ only, variants }) => void (this.#count += variants.size + (only === undefined ? 0 : 1)),
    });
  }

  get bytes(): number {
    return this.#resources.calculatedSize;
  }

  get entries(): number {
    return this.#count;
  }

  resource(key: string): Resource | undefined {
    return this.#resources.get(key);
  }

  add(entry: Entry): void {
    const { key, names, selection } = entry.stored;
    if (entry.body.length > this.maxEntry || !(entry.body instanceof Uint8Array)) return;
    const before = this.#resources.peek(key);
    if (names.length === 0) {
      this.#resources.set(key, { names, only: entry, variants: new Map() });
      return;
    }
    const variants = new Map(before !== undefined && equal(before.names, names) ? before.variants : []);
    variants.delete(selection);
    variants.set(selection, entry);
    for (const oldest of variants.keys()) {
      if (variants.size <= mostVariants) break;
      variants.delete(oldest);
    }
    this.#resources.set(key, { names, only: undefined, variants });
  }

  remove({ stored }: Entry): void {
    const { key, selection } = stored;
    const resource = this.#resources.peek(key);
    if (resource === undefined) return;
    if (resource.only !== undefined || resource.variants.size < 2) {
      this.#resources.delete(key);
      return;
    }
    const variants = new Map(resource.variants);
    if (variants.delete(selection)) this.#resources.set(key, { ...resource, variants });
  }

  clear(): void {
    this.#resources.clear();
  }
}

/** The entry of a request. */
export function select(resource: Resource, fields: Fields): Entry | undefined {
  if (resource.only !== undefined) return resource.only;
  const selection = selectionOf(fields, resource.names);
  return selection === undefined ? undefined : resource.variants.get(selection);
}

export const equal = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((each, index) => each === b[index]);

function weigh({ only, variants }: Resource): number {
  let sum = only?.weight ?? 0;
  for (const entry of variants.values()) sum += entry.weight;
  return Math.max(1, sum);
}
