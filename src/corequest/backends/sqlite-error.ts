import type { SqlFault, SqlRefusal } from "./sql-error.ts";

interface SqliteFailure extends Error {
  readonly code?: string;
}

/** Somebody else writes: worth another try. */
export const isBusy = (error: unknown): boolean =>
  /^SQLITE_(?:BUSY|LOCKED)/.test((error as SqliteFailure).code ?? "");

/** SQLSTATE of what SQLite calls by names of its own. https://www.sqlite.org/rescode.html */
const states: readonly (readonly [code: RegExp, message: RegExp, sqlState: string])[] = [
  [/^SQLITE_CONSTRAINT_(?:UNIQUE|PRIMARYKEY|ROWID)$/, /./, "23505"],
  [/^SQLITE_CONSTRAINT_FOREIGNKEY$/, /./, "23503"],
  [/^SQLITE_CONSTRAINT_NOTNULL$/, /./, "23502"],
  [/^SQLITE_CONSTRAINT_CHECK$/, /./, "23514"],
  [/^SQLITE_CONSTRAINT/, /./, "23000"],
  [/^SQLITE_READONLY/, /./, "25006"],
  [/^SQLITE_FULL/, /./, "53100"],
  [/^SQLITE_(?:CORRUPT|NOTADB)/, /./, "XX001"],
  [/^SQLITE_IOERR/, /./, "58030"],
  [/^SQLITE_TOOBIG/, /./, "54000"],
  [/^SQLITE_MISMATCH/, /./, "22018"],
  [/^SQLITE_ERROR$/, /^no such table/, "42P01"],
  [/^SQLITE_ERROR$/, /^no such column|has no column/, "42703"],
  [/^SQLITE_ERROR$/, /^no such function/, "42883"],
  [/^SQLITE_ERROR$/, /already exists/, "42P07"],
  [/^SQLITE_ERROR$/, /syntax error|incomplete input|unrecognized token/, "42601"],
  [/./, /SQLite query expected/, "08P01"],
];

export function sqliteFault(thrown: unknown): SqlFault {
  const { code = "-", message } = thrown as SqliteFailure;
  if (isBusy(thrown)) return { kind: "timeout", reason: "others to stop writing in time" };
  if (code === "SQLITE_THREADS_BUSY") return { kind: "unsent", reason: message, unwell: false };
  if (code === "SQLITE_THREAD") return { kind: "lost", reason: message };
  if (code === "SQLITE_CANTOPEN") return { kind: "unsent", reason: message, unwell: true };
  const sqlState = states.find(([name, text]) => name.test(code) && text.test(message))?.[2] ?? "HY000";
  return { kind: "refused", refusal: { message, sqlState, ...placeOf(message) } };
}

/** `UNIQUE constraint failed: pets.id, pets.name`; `CHECK constraint failed: name` */
function placeOf(message: string): Pick<SqlRefusal, "table" | "column" | "constraint"> {
  const [, kind, rest = ""] = /^(\w+(?: KEY)?) constraint failed(?:: (.*))?$/.exec(message) ?? [];
  if (kind === undefined || rest === "") return {};
  if (kind === "CHECK") return { constraint: rest };
  const [table, column] = rest.split(",")[0]!.split(".");
  return { table, column };
}
