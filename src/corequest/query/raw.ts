/** Text of SQL with values in it, which stay parameters. Made by `` sql`…` ``. */
export class Raw<Value = unknown> {
  declare readonly value: Value;

  constructor(
    readonly strings: readonly string[],
    readonly values: readonly unknown[],
  ) {}

  /** For `get`: the name of its column. */
  as<const Name extends string>(name: Name): AliasedRaw<Name, Value> {
    return new AliasedRaw(this, name);
  }
}

export class AliasedRaw<Name extends string = string, Value = unknown> {
  declare readonly value: Value;

  constructor(
    readonly raw: Raw,
    readonly name: Name,
  ) {}
}

/** A column in a piece of SQL. */
export class Reference {
  constructor(readonly name: string) {}
}

/**
 * A piece of SQL for what the builder has no word for: `` filter({ name: sql`upper(${given})` }) ``. Each value becomes a
 * parameter, a piece inside is put in as SQL; `sql.ref("p.name")` is a checked name. Lists and objects go to PostgreSQL as
 * they are (for its arrays), to SQLite as JSON text.
 */
export const sql = <Value = unknown>(
  strings: TemplateStringsArray,
  ...values: readonly unknown[]
): Raw<Value> => new Raw(strings, values);

/** A name of a column, checked where the piece is used. */
sql.ref = (name: string): Raw => new Raw(["", ""], [new Reference(name)]);
