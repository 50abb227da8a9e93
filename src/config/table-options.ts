/** What of a table may be read; nothing of a database that is not named. */
export interface TableRule {
  /** Names of columns. The first one makes the order of rows complete, so it is the key. */
  readonly columns: readonly string[];
  /** Columns that rows may be asked for by; default all of `columns`. */
  readonly filters?: readonly string[];
  /** Columns that rows may be in the order of; default all of `columns`. */
  readonly orders?: readonly string[];
  /** Rows of a page when the client does not say, default 100. */
  readonly pageSize?: number;
  /** Most rows of a page, at most 1000, which is the default. */
  readonly maxRows?: number;
}

/** By name of a table: its columns, or a rule. */
export type Tables = Readonly<Record<string, readonly string[] | TableRule>>;
