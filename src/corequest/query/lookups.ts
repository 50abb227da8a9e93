import {
  BinaryOperationNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  RawNode,
  ValueListNode,
  ValueNode,
} from "kysely";
import type { Dialect, Scope } from "./executor.ts";
import { invalid, kindOf } from "./invalid.ts";
import { Raw } from "./raw.ts";
import { renderRaw } from "./raw-node.ts";
import { isSubquery } from "./subquery.ts";
import { bind } from "./values.ts";

/** What is compared: the column, with what, and the words of the condition for errors (`age__gte`). */
interface Comparison {
  readonly column: OperationNode;
  readonly value: unknown;
  readonly name: string;
  readonly scope: Scope;
}
type Lookup = (comparison: Comparison) => OperationNode;

const raw = (fragments: readonly string[], ...nodes: OperationNode[]): OperationNode =>
  RawNode.create(fragments, nodes);
const isNull = (column: OperationNode): OperationNode => raw(["", " is null"], column);
const isNotNull = (column: OperationNode): OperationNode => raw(["", " is not null"], column);

function operand({ value, name, scope }: Comparison): OperationNode {
  if (value instanceof Raw) return renderRaw(value, scope);
  if (isSubquery(value)) return ParensNode.create(value.render(scope));
  return bind(value, scope.dialect, name);
}

function compare(operator: "<" | "<=" | ">" | ">="): Lookup {
  const sign = OperatorNode.create(operator);
  return (comparison) => {
    if (comparison.value === null)
      throw invalid(comparison.name, null, "a value; nothing is less or more than null");
    return BinaryOperationNode.create(comparison.column, sign, operand(comparison));
  };
}

const EQUAL = OperatorNode.create("=");
const UNEQUAL = OperatorNode.create("<>");

const equal: Lookup = (comparison) =>
  comparison.value === null
    ? isNull(comparison.column)
    : BinaryOperationNode.create(comparison.column, EQUAL, operand(comparison));

const unequal: Lookup = (comparison) =>
  comparison.value === null
    ? isNotNull(comparison.column)
    : BinaryOperationNode.create(comparison.column, UNEQUAL, operand(comparison));

const between: Lookup = ({ column, value, name, scope }) => {
  if (!Array.isArray(value) || value.length !== 2 || value.includes(null))
    throw invalid(name, kindOf(value), "a pair [least, most]");
  const [least, most] = value.map((one: unknown) => operand({ column, value: one, name, scope }));
  return raw(["", " between ", " and ", ""], column, least!, most!);
};

/** null in a list is the row without value, not SQL's "unknown", which would make `notin` give nothing. */
function within(negated: boolean): Lookup {
  const word = negated ? " not in " : " in ";
  return (comparison) => {
    const { column, value, name, scope } = comparison;
    if (isSubquery(value)) return raw(["", word, ""], column, operand(comparison));
    if (value instanceof Raw) return raw(["", word, ""], column, ParensNode.create(operand(comparison)));
    if (!Array.isArray(value)) throw invalid(name, kindOf(value), "a list, or a query");
    const known = value.filter((one) => one !== null);
    const nulls = known.length < value.length;
    const list = fewLengths(known.map((one: unknown) => operand({ column, value: one, name, scope })));
    if (list.length === 0) return onlyNulls(column, nulls, negated);
    const among = raw(["", word, ""], column, ValueListNode.create(list));
    if (!nulls) return among;
    return negated
      ? raw(["(", " and ", ")"], among, isNotNull(column))
      : raw(["(", " or ", ")"], among, isNull(column));
  };
}

/** Every length would be a statement of its own, which each connection keeps prepared: 1,500 lengths took 150 MB of a server. */
function fewLengths(list: OperationNode[]): OperationNode[] {
  const { length } = list;
  const next = length <= 4096 ? 2 ** Math.ceil(Math.log2(length)) : Math.ceil(length / 4096) * 4096;
  if (length <= 8 || next > 28_672) return list;
  return [...list, ...Array<OperationNode>(next - length).fill(list[length - 1]!)];
}

function onlyNulls(column: OperationNode, nulls: boolean, negated: boolean): OperationNode {
  if (nulls) return negated ? isNotNull(column) : isNull(column);
  return RawNode.createWithSql(negated ? "1 = 1" : "1 = 0");
}

type Place = "contains" | "startsWith" | "endsWith" | "exact";

/**
 * SQLite's LIKE is blind to case, so that what is case-sensitive is GLOB there. Where letters beyond ASCII are compared without
 * case, PostgreSQL goes by the database's locale and SQLite does not fold them.
 */
function text(place: Place, { folded = false, negated = false } = {}): Lookup {
  const not = negated ? " not" : "";
  const words: Record<Dialect, readonly string[]> = {
    postgresql: ["", `${not} ${folded ? "ilike" : "like"} `, " escape '\\'"],
    sqlite: folded ? ["", `${not} like `, " escape '\\'"] : ["", `${not} glob `, ""],
  };
  return ({ column, value, name, scope: { dialect } }) => {
    if (typeof value !== "string" || value.includes("\0"))
      throw invalid(name, kindOf(value), "text without NUL");
    const glob = dialect === "sqlite" && !folded;
    const plain = glob ? value.replace(/[*?[]/g, "[$&]") : value.replace(/[\\%_]/g, "\\$&");
    return raw(words[dialect], column, ValueNode.create(around(plain, place, glob ? "*" : "%")));
  };
}

function around(plain: string, place: Place, any: string): string {
  const before = place === "contains" || place === "endsWith" ? any : "";
  const after = place === "contains" || place === "startsWith" ? any : "";
  return before + plain + after;
}

function nullness(negated: boolean): Lookup {
  return ({ column, value, name }) => {
    if (typeof value !== "boolean") throw invalid(name, kindOf(value), "true or false");
    return value === negated ? isNotNull(column) : isNull(column);
  };
}

function regex(word: "~" | "~*"): Lookup {
  return ({ column, value, name, scope: { dialect } }) => {
    if (dialect === "sqlite")
      throw invalid(name, kindOf(value), "nothing: SQLite has no regular expressions");
    return raw(["", ` ${word} `, ""], column, bind(mustBeText(value, name), dialect, name));
  };
}

function mustBeText(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw invalid(name, kindOf(value), "text");
}

const values = {
  exact: equal,
  eq: equal,
  neq: unequal,
  not: unequal,
  lt: compare("<"),
  lte: compare("<="),
  gt: compare(">"),
  gte: compare(">="),
} satisfies Record<string, Lookup>;

const pairs = { between, range: between } satisfies Record<string, Lookup>;

const lists = { in: within(false), notin: within(true) } satisfies Record<string, Lookup>;

const flags = { isnull: nullness(false), isnotnull: nullness(true) } satisfies Record<string, Lookup>;

const texts = {
  contains: text("contains"),
  icontains: text("contains", { folded: true }),
  ncontains: text("contains", { negated: true }),
  startsWith: text("startsWith"),
  startswith: text("startsWith"),
  istartsWith: text("startsWith", { folded: true }),
  istartswith: text("startsWith", { folded: true }),
  nstartsWith: text("startsWith", { negated: true }),
  nstartswith: text("startsWith", { negated: true }),
  endsWith: text("endsWith"),
  endswith: text("endsWith"),
  iendsWith: text("endsWith", { folded: true }),
  iendswith: text("endsWith", { folded: true }),
  nendsWith: text("endsWith", { negated: true }),
  nendswith: text("endsWith", { negated: true }),
  iexact: text("exact", { folded: true }),
  regex: regex("~"),
  iregex: regex("~*"),
} satisfies Record<string, Lookup>;

export type ValueLookup = keyof typeof values;
export type PairLookup = keyof typeof pairs;
export type ListLookup = keyof typeof lists;
export type FlagLookup = keyof typeof flags;
export type TextLookup = keyof typeof texts;

/** What may follow `__` in the words of a condition. */
export const lookups: ReadonlyMap<string, Lookup> = new Map<string, Lookup>(
  Object.entries({ ...values, ...pairs, ...lists, ...flags, ...texts }),
);
