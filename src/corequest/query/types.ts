import type { Condition } from "./condition.ts";
import type { FlagLookup, ListLookup, PairLookup, TextLookup, ValueLookup } from "./lookups.ts";
import type { AliasedRaw, Raw } from "./raw.ts";
import type { Subquery } from "./subquery.ts";

/** Tables of a database without an interface: everything goes. */
export type AnyTables = Record<string, Record<string, unknown>>;

export type TableName<Tables> = keyof Tables & string;
/** `pets`, `pets as p`. */
export type TableWords<Tables> = TableName<Tables> | `${TableName<Tables>} as ${string}`;

type NameIn<Words> = Words extends `${infer Name} as ${string}` ? Name : Words;
type AliasIn<Words> = Words extends `${string} as ${infer Alias}` ? Alias : Words;
/** The tables of a query by alias. */
export type From<Tables, Words extends string> = {
  [Alias in AliasIn<Words>]: NameIn<Words> extends keyof Tables ? Tables[NameIn<Words>] : never;
};
/** The same with all columns possibly null: what a left join adds. */
export type LeftFrom<Tables, Words extends string> = {
  [Alias in AliasIn<Words>]: NameIn<Words> extends keyof Tables ? Nullable<Tables[NameIn<Words>]> : never;
};
type Nullable<Row> = { [Name in keyof Row]: Row[Name] | null };

/** `name` and `p.name` of all tables of a query. */
export type Column<Scope> = {
  [Alias in keyof Scope & string]: (keyof Scope[Alias] & string) | `${Alias}.${keyof Scope[Alias] & string}`;
}[keyof Scope & string];

/** What a column holds. */
export type ValueOf<Scope, Name> = Name extends `${infer Alias}.${infer Rest}`
  ? Alias extends keyof Scope
    ? Rest extends keyof Scope[Alias]
      ? Scope[Alias][Rest]
      : never
    : never
  : { [Alias in keyof Scope]: Name extends keyof Scope[Alias] ? Scope[Alias][Name] : never }[keyof Scope];

type Single<Value> = Value | Raw;
type Known<Value> = Exclude<Value, null>;
type IsText<Value> = unknown extends Value ? true : Known<Value> extends string ? true : false;

/** What `filter` is given: `{ age__gte: 3, name__in: ["Ann", "Bob"] }`. */
export type Words<Scope> = string extends Column<Scope> ? AnyWords : KnownWords<Scope>;
/** Without an interface of the tables. */
type AnyWords = Readonly<Record<string, unknown>>;
type KnownWords<Scope> = {
  readonly [Name in Column<Scope>]?: Single<ValueOf<Scope, Name>>;
} & {
  readonly [Name in Column<Scope> as `${Name}__${ValueLookup}`]?: Single<ValueOf<Scope, Name>>;
} & {
  readonly [Name in Column<Scope> as `${Name}__${PairLookup}`]?: readonly [
    Single<Known<ValueOf<Scope, Name>>>,
    Single<Known<ValueOf<Scope, Name>>>,
  ];
} & {
  readonly [Name in Column<Scope> as `${Name}__${ListLookup}`]?:
    readonly ValueOf<Scope, Name>[] | Subquery | Raw;
} & {
  readonly [Name in Column<Scope> as `${Name}__${FlagLookup}`]?: boolean;
} & {
  readonly [
    Name in Column<Scope> as IsText<ValueOf<Scope, Name>> extends true ? `${Name}__${TextLookup}` : never
  ]?: string;
};

type Function = "count" | "sum" | "avg" | "min" | "max";
type Call<Scope> = "count(*)" | `${Function}(${Column<Scope>})` | `count(distinct ${Column<Scope>})`;

/** What `having` is given: as `filter`, of aggregates. */
export type HavingWords<Scope> = string extends Column<Scope> ? AnyWords : KnownHavingWords<Scope>;
type KnownHavingWords<Scope> = KnownWords<Scope> & {
  readonly [Name in Call<Scope> as Name | `${Name}__${ValueLookup}`]?: Single<unknown>;
} & {
  readonly [Name in Call<Scope> as `${Name}__${PairLookup}`]?: readonly [unknown, unknown];
} & {
  readonly [Name in Call<Scope> as `${Name}__${ListLookup}`]?: readonly unknown[];
};

/** Words, `Q(…)` or SQL. */
export type Given<Words> = Words | Condition<keyof Words & string, Words> | Raw;

type Expression<Scope> = Column<Scope> | Call<Scope>;
/** What `get` is given. */
export type Selection<Scope> =
  Expression<Scope> | "*" | `${keyof Scope & string}.*` | `${Expression<Scope>} as ${string}`;

/** `name` up, `-name` down. */
export type Order<Scope> = Expression<Scope> | `-${Expression<Scope>}`;

type Result<Scope, Name> = Name extends `${infer Called extends Function}(${infer Operand})`
  ? Called extends "count"
    ? number
    : Called extends "sum" | "avg"
      ? number | null
      : ValueOf<Scope, Operand> | null
  : ValueOf<Scope, Name>;

type Label<Name> = Name extends `${string} as ${infer Alias}`
  ? Alias
  : Name extends `${infer Called extends Function}(${string}`
    ? Called
    : Name extends `${string}.${infer Column}`
      ? Column
      : Name;
type Unlabelled<Name> = Name extends `${infer Inner} as ${string}` ? Inner : Name;
type Stars = "*" | `${string}.*`;

type Merge<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;
export type Flat<Type> = { [Name in keyof Type]: Type[Name] };

/** All columns of all tables. */
export type All<Scope> = Flat<Merge<Scope[keyof Scope]>>;

/** The columns that were picked, by the name they have in a row. */
export type Picked<Scope, Names> = string extends Names
  ? Record<string, unknown>
  : Merge<
      Names extends "*"
        ? All<Scope>
        : Names extends `${infer Alias}.*`
          ? Alias extends keyof Scope
            ? Scope[Alias]
            : never
          : Record<never, never>
    > & {
      [Name in Exclude<Names, Stars | AliasedRaw> as Label<Name> & string]: Result<Scope, Unlabelled<Name>>;
    } & {
      [Name in Extract<Names, AliasedRaw> as Name["name"]]: Name["value"];
    };

/** The row to store; a column that has a default or may be null can be left out. */
export type Stored<Row> = { readonly [Name in keyof Row]?: Row[Name] | Raw };

/** Columns that are to be equal: `{ "o.id": "p.owner_id" }`. */
export type JoinColumns<Scope> = { readonly [Name in Column<Scope>]?: Column<Scope> };

/** The columns that were picked, as an order may name them. */
export type Ordered<Row> = Row extends undefined ? never : (keyof Row & string) | `-${keyof Row & string}`;

export type StoredIn<Tables, Words> =
  NameIn<Words> extends keyof Tables ? Stored<Tables[NameIn<Words>]> : never;
