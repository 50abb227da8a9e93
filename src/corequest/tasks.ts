import type { Duration } from "../config/settings.ts";
import type { AnswerOf, Corequest, DataOf, DispatchOptions, OneOf } from "./corequest.ts";
import { SkitaiError } from "../errors.ts";
import { notOne } from "./errors.ts";
import { untilEnd } from "./task.ts";

type List = readonly Corequest[];
type Named = Readonly<Record<string, Corequest>>;

type All<Items extends List, Kind extends "data" | "one" | "answer"> = {
  -readonly [Index in keyof Items]: Kind extends "data"
    ? DataOf<Items[Index]>
    : Kind extends "one"
      ? OneOf<Items[Index]>
      : AnswerOf<Items[Index]>;
};

/** `pet__one` → `pet`; the text behind the hyphens says how: `one`, `fetch`, `dict`, or a column of the only row. */
type NameOf<Key> = Key extends `${infer Name}__${string}` ? Name : Key;
type ColumnOf<Row, Column> = Column extends keyof Row ? Row[Column] : unknown;
type ValueOf<Key, Item> = Key extends `${string}__one__${infer Column}`
  ? ColumnOf<OneOf<Item>, Column>
  : Key extends `${string}__one`
    ? OneOf<Item>
    : Key extends `${string}__fetch`
      ? DataOf<Item>
      : Key extends `${string}__dict`
        ? Record<string, unknown>
        : Key extends `${string}__${infer Column}`
          ? ColumnOf<OneOf<Item>, Column>
          : DataOf<Item>;
export type Dict<Items extends Named> = {
  -readonly [Key in keyof Items as NameOf<Key>]: ValueOf<Key, Items[Key]>;
};

export interface TasksOptions {
  /** Longest time of all together, from now. */
  timeout?: Duration;
  /** For whoever made the tasks. */
  meta?: Record<string, unknown>;
}

/**
 * Several calls as one: all are under way, the results come in their order. Iterating gives the tasks. Spec Q4.
 * ```ts
 * const { pets, price } = await was.Tasks({ pets: db.select("pets").execute(), price: was.get("@prices/1") }).dict();
 * ```
 */
export class Tasks<Items extends List = List, Keys extends Named = Named> implements Corequest<
  All<Items, "data">,
  All<Items, "one">,
  All<Items, "answer">
> {
  readonly meta: Record<string, unknown>;
  readonly #items: Corequest[];
  readonly #named: Keys;
  readonly #options: DispatchOptions | undefined;
  [index: number]: Items[number];

  constructor(items: Items, named: Keys, { timeout, meta = {} }: TasksOptions = {}) {
    this.meta = meta;
    this.#named = named;
    this.#items = [];
    this.#options = timeout === undefined ? undefined : { timeout };
    for (const item of items) this.#push(item);
  }

  get length(): number {
    return this.#items.length;
  }

  [Symbol.iterator](): IterableIterator<Items[number]> {
    return this.#items.values() as IterableIterator<Items[number]>;
  }

  /** Some of the tasks, as `Array.slice` counts them. */
  slice(start?: number, end?: number): Tasks<Items[number][]> {
    return new Tasks(this.#items.slice(start, end), {});
  }

  /** One more; several that are added as one give a list in its place. */
  add(corequest: Corequest): this {
    this.#push(corequest);
    return this;
  }

  /** One more, or each of several. */
  merge(corequest: Corequest): this {
    for (const item of corequest instanceof Tasks ? corequest : [corequest]) this.#push(item);
    return this;
  }

  dispatch(options?: DispatchOptions): Promise<All<Items, "answer">> {
    return this.#all((item) => item.dispatch(this.#with(options)));
  }

  async dispatchOrThrow(options?: DispatchOptions): Promise<All<Items, "answer">> {
    return this.#all((item) => item.dispatchOrThrow(this.#with(options)));
  }

  fetch(options?: DispatchOptions): Promise<All<Items, "data">> {
    return this.#all((item) => item.fetch(this.#with(options)));
  }

  one(options?: DispatchOptions): Promise<All<Items, "one">> {
    return this.#all((item) => item.one(this.#with(options)));
  }

  async commit(timeout?: Duration): Promise<void> {
    await this.fetch(timeout === undefined ? undefined : { timeout });
  }

  wait(timeout?: Duration): Promise<All<Items, "answer">> {
    return this.dispatch(timeout === undefined ? undefined : { timeout });
  }

  /**
   * Data by name, of the named ones only. A name may say what is wanted: `pet__one` the only row, `pet__name` a column of it,
   * `pets__dict` the dictionary of several.
   */
  async dict(options?: DispatchOptions): Promise<Dict<Keys>> {
    const entries = Object.entries(this.#named).map(async ([key, item]) => {
      const [name, how] = split(key);
      return [name, await named(item, how, this.#with(options))] as const;
    });
    return Object.fromEntries(await settled(entries)) as Dict<Keys>;
  }

  returning<Value>(value: Value): Value {
    for (const item of this.#items) item.returning(undefined);
    return value;
  }

  then<Fulfilled = All<Items, "data">, Rejected = never>(
    fulfilled?: ((data: All<Items, "data">) => Fulfilled | PromiseLike<Fulfilled>) | null,
    rejected?: ((error: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    const after = this.fetch().then(fulfilled, rejected);
    if (rejected) return after;
    for (const item of this.#items) void item.then(nothing).then(nothing, nothing);
    return untilEnd(after);
  }

  /** @throws SkitaiError OPTION_INVALID for what is no task */
  #push(item: Corequest): void {
    if (!isCorequest(item))
      throw new SkitaiError("OPTION_INVALID", {
        name: "Tasks",
        value: item ?? String(item),
        accepted: "tasks",
      });
    (this as { [index: number]: Corequest })[this.#items.length] = item;
    this.#items.push(item);
  }

  #with(options: DispatchOptions | undefined): DispatchOptions | undefined {
    return options === undefined ? this.#options : { ...this.#options, ...options };
  }

  async #all<Kind extends "data" | "one" | "answer">(
    ask: (item: Corequest) => Promise<unknown>,
  ): Promise<All<Items, Kind>> {
    return (await settled(this.#items.map(ask))) as All<Items, Kind>;
  }
}

/** The first error in the order of the tasks, when all have ended: no other is left unhandled. */
async function settled<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

function split(key: string): [name: string, how: string] {
  const at = key.indexOf("__");
  return at < 1 ? [key, "fetch"] : [key.slice(0, at), key.slice(at + 2)];
}

async function named(item: Corequest, how: string, options: DispatchOptions | undefined): Promise<unknown> {
  if (how === "fetch") return item.fetch(options);
  if (how === "dict" && item instanceof Tasks) return item.dict(options);
  const row = await item.one(options);
  if (how === "one") return row;
  const column = how.startsWith("one__") ? how.slice(5) : how;
  if (typeof row !== "object" || row === null || !(column in row)) throw notOne(0);
  return (row as Record<string, unknown>)[column];
}

/** `Tasks(a, b)`, `Tasks([a, b], options)`, `Tasks({ a, b }, options)`, `Tasks({ a }, b, c)`: the named ones come first. */
export function tasks<const Items extends List>(...items: Items): Tasks<Items, Record<never, never>>;
export function tasks<const Items extends List>(
  items: Items,
  options?: TasksOptions,
): Tasks<Items, Record<never, never>>;
export function tasks<Keys extends Named>(
  named: Keys,
  options?: TasksOptions,
): Tasks<readonly Keys[keyof Keys][], Keys>;
export function tasks<Keys extends Named, const Items extends List>(
  named: Keys,
  ...items: Items
): Tasks<readonly (Keys[keyof Keys] | Items[number])[], Keys>;
export function tasks(...given: readonly unknown[]): Tasks<List, Named> {
  const [first, options] = given as [unknown, TasksOptions?];
  if (Array.isArray(first)) return new Tasks<List, Named>(first as List, {}, options);
  if (typeof first !== "object" || first === null || isCorequest(first))
    return new Tasks<List, Named>(given as List, {});
  const named = first as Named;
  if (!isCorequest(options)) return new Tasks<List, Named>(Object.values(named), named, options);
  return new Tasks<List, Named>([...Object.values(named), ...(given.slice(1) as List)], named);
}

const nothing = (): void => {};

const isCorequest = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as Corequest).dispatch === "function";
