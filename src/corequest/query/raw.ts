import { AliasNode, type OperationNode, RawNode } from "kysely";
import type { Scope } from "./executor.ts";
import { expression, identifier } from "./names.ts";
import { bindRaw } from "./values.ts";

/** Text of SQL with values in it, which stay parameters. Made by `` sql`…` ``. */
export class Raw<Value = unknown> {
  declare readonly value: Value;
  readonly #render: (scope: Scope) => OperationNode;

  constructor(render: (scope: Scope) => OperationNode) {
    this.#render = render;
  }

  render(scope: Scope): OperationNode {
    return this.#render(scope);
  }

  /** For `get`: the name of its column. */
  as<const Name extends string>(name: Name): AliasedRaw<Name, Value> {
    const alias = identifier(name);
    return new AliasedRaw((scope) => AliasNode.create(this.render(scope), alias));
  }
}

export class AliasedRaw<Name extends string = string, Value = unknown> {
  declare readonly name: Name;
  declare readonly value: Value;
  readonly #render: (scope: Scope) => OperationNode;

  constructor(render: (scope: Scope) => OperationNode) {
    this.#render = render;
  }

  render(scope: Scope): OperationNode {
    return this.#render(scope);
  }
}

/**
 * A piece of SQL for what the builder has no word for: `` filter({ name: sql`upper(${given})` }) ``. Each value becomes a
 * parameter, a piece inside is put in as SQL; `sql.ref("p.name")` is a checked name. Lists and objects go to PostgreSQL as
 * they are (for its arrays), to SQLite as JSON text.
 */
export function sql<Value = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Raw<Value> {
  return new Raw((scope) =>
    RawNode.create(
      strings,
      values.map((value) => (value instanceof Raw ? value.render(scope) : bindRaw(value, scope.dialect))),
    ),
  );
}

/** @throws SkitaiError QUERY_INVALID when `name` is no name of a column */
sql.ref = (name: string): Raw => {
  const { node } = expression(name);
  return new Raw(() => node);
};
