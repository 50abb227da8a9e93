/** What a condition is made of. */
export type Tree =
  | { readonly words: readonly (readonly [name: string, value: unknown])[] }
  | { readonly join: "and" | "or"; readonly left: Tree; readonly right: Tree }
  | { readonly not: Tree };

/**
 * Conditions as one thing, to be joined with others. Made by `Q`. Never changes. Knows nothing of SQL, so that it costs nothing
 * where no database is used.
 * @typeParam Names the words it uses, @typeParam Values their values by word
 */
export class Condition<Names = unknown, Values = unknown> {
  declare readonly names: Names;
  declare readonly values: Values;
  /** @internal */
  readonly tree: Tree;

  constructor(tree: Tree) {
    this.tree = tree;
  }

  /** Both. One that says nothing is left out. */
  and<Others, More>(other: Condition<Others, More>): Condition<Names | Others, Values & More> {
    return new Condition({ join: "and", left: this.tree, right: other.tree });
  }

  /** One of them at least. One that says nothing is left out. */
  or<Others, More>(other: Condition<Others, More>): Condition<Names | Others, Values & More> {
    return new Condition({ join: "or", left: this.tree, right: other.tree });
  }

  /** The contrary; as everywhere in SQL, rows where the column is null are in neither. */
  not(): Condition<Names, Values> {
    return new Condition({ not: this.tree });
  }
}

/**
 * Conditions that can be joined: `Q({ name__startsWith: "A" }).or(Q({ name: "Bob", age__lt: 9 }).not())`. Several words in
 * one are joined by and. For `filter`, `exclude`, `having` and joins, which throw for words that are wrong.
 */
export function Q<const Conditions extends object>(
  conditions: Conditions,
): Condition<keyof Conditions & string, Conditions> {
  return new Condition({ words: Object.entries(conditions) });
}
