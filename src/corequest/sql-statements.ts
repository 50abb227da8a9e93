import { SkitaiError } from "../errors.ts";

/** A word that begins or ends a transaction is in few texts only: the others are not looked at any further. */
const suspicious = /\b(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare)\b/i;

/**
 * Strings, names and comments of both databases, in which nothing is a statement.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
const silent =
  /\be'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[^]*?(?:\*\/|$)|(?<![\w$])\$([A-Za-z_]\w*)?\$[^]*?(?:\$\1\$|$)/gi;

/** Triggers and functions have statements of their own. */
const body = /\bcreate\b[^;]*\b(?:trigger|function|procedure)\b[^;]*\bbegin\b[^]*?;\s*end\b/gi;

const steers =
  /(?:^|;)\s*(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

/** Whether one of the statements of a text begins or ends a transaction. */
const steersTransaction = (sql: string): boolean =>
  suspicious.test(sql) &&
  steers.test(sql.replace(silent, (text) => (text[0] === "'" ? "''" : " ")).replace(body, " "));

/** A pool gives every statement another connection. @throws SkitaiError TRANSACTION_STATEMENT */
export const refuseBegin = (sql: string): void =>
  refuse(sql, 'was.transaction("@alias"); several statements in one text are done all or none');

/** The transaction would not know. @throws SkitaiError TRANSACTION_STATEMENT */
export const refuseEnd = (sql: string): void => refuse(sql, "tx.commit(), tx.rollback() or tx.savepoint()");

function refuse(sql: string, accepted: string): void {
  if (typeof sql !== "string")
    throw new SkitaiError("OPTION_INVALID", {
      name: "execute",
      value: sql ?? String(sql),
      accepted: "a statement as text",
    });
  if (steersTransaction(sql))
    throw new SkitaiError("TRANSACTION_STATEMENT", { name: "execute", value: sql.trim(), accepted });
}
