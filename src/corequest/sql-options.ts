import type { Duration } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import type { CacheUse } from "./result-cache.ts";
import { seconds } from "./task.ts";

/** How the statements of a handle are run. */
export interface DatabaseOptions extends CacheUse {
  /** Longest time of a statement, waiting for a connection included. Default: what the alias says, else 10 s. */
  timeout?: Duration;
}

export const timeoutOf = ({ timeout }: DatabaseOptions): number | undefined =>
  timeout === undefined ? undefined : seconds(timeout);

const begins = /^\s*(?:begin|start\s+transaction|savepoint)\b[^;]*;?\s*$/i;
const ends = /^\s*(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release)\b[^;]*;?\s*$/i;

/** A pool gives every statement another connection. @throws SkitaiError TRANSACTION_STATEMENT */
export function refuseBegin(sql: string): void {
  if (begins.test(sql))
    throw new SkitaiError("TRANSACTION_STATEMENT", {
      name: "execute",
      value: sql.trim(),
      accepted: 'was.transaction("@alias")',
    });
}

/** The transaction would not know. @throws SkitaiError TRANSACTION_STATEMENT */
export function refuseEnd(sql: string): void {
  if (ends.test(sql))
    throw new SkitaiError("TRANSACTION_STATEMENT", {
      name: "execute",
      value: sql.trim(),
      accepted: "tx.commit(), tx.rollback() or tx.savepoint()",
    });
}

/** `` sql`select ${id}` `` → `select $1`. */
export const placeholders = (strings: readonly string[]): string =>
  strings.reduce((text, part, index) => `${text}$${index}${part}`);
