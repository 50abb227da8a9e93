import { codes } from "../../errors.ts";
import type { Failure, Outcome } from "../backend.ts";
import { CorequestError, type Target } from "../errors.ts";
import { failureCodes } from "../status.ts";

/** What a database said about a statement it refused, the same from every driver. */
export interface SqlRefusal {
  /** `duplicate key value violates unique constraint "pets_pkey"` */
  readonly message: string;
  /** Five letters of SQLSTATE: `23505`. SQLite's own codes are put into it, `HY000` where none fits. */
  readonly sqlState: string;
  readonly constraint?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  /** More of it; holds values of rows. */
  readonly explanation?: string | undefined;
  readonly hint?: string | undefined;
}

/**
 * A database refused a statement: what `fetch` throws. Status 409 when a rule for keys or values was violated (SQLSTATE class
 * 23), else 500. The driver's own error is its `cause`.
 */
export class SqlError extends CorequestError implements SqlRefusal {
  readonly sqlState: string;
  readonly constraint: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly explanation: string | undefined;
  readonly hint: string | undefined;

  constructor(target: Target, what: string, refusal: SqlRefusal, cause?: unknown) {
    const accepted = refusal.message.replace(/\s+/g, " ").slice(0, 500);
    super("SQL_REFUSED", target, what, { accepted, cause }, refusal.sqlState.startsWith("23") ? 409 : 500);
    this.name = "SqlError";
    this.sqlState = refusal.sqlState;
    this.constraint = refusal.constraint;
    this.table = refusal.table;
    this.column = refusal.column;
    this.explanation = refusal.explanation;
    this.hint = refusal.hint;
  }
}

/** What a driver makes of its own error: how far a statement came. */
export type SqlFault =
  /** No connection was made; `unwell`: nor will the next one. */
  | { readonly kind: "unsent"; readonly reason: string; readonly unwell: boolean }
  /** The connection ended under it. */
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "timeout"; readonly reason: string }
  | { readonly kind: "refused"; readonly refusal: SqlRefusal };

/**
 * A cancellation names a connection, not a statement: when it comes late it hits the next one, which has had no effect then.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
const interrupted = ({ sqlState, message }: SqlRefusal): boolean =>
  sqlState === "57014" && message.includes("user request");
const interruption = { outcome: "unsent", stale: true } as const;

/** @param early the statement had just been sent: its connection may have been dead before */
export function sqlFailure(
  fault: SqlFault,
  target: Target,
  what: string,
  early: boolean,
  cause: unknown,
): Failure {
  if (fault.kind === "refused")
    return {
      ...(early && interrupted(fault.refusal) ? interruption : { outcome: "answered" }),
      statusCode: fault.refusal.sqlState.startsWith("23") ? 409 : codes.SQL_REFUSED.status,
      error: new SqlError(target, what, fault.refusal, cause),
      memberFailed: false,
    };
  const detail = { accepted: fault.reason, cause };
  if (fault.kind === "unsent")
    return lost("unsent", failureCodes.connect, new CorequestError("BACKEND_UNSENT", target, what, detail), {
      memberFailed: fault.unwell,
    });
  if (fault.kind === "timeout")
    return lost(
      "maybe sent",
      failureCodes.timeout,
      new CorequestError("BACKEND_TIMEOUT", target, what, detail),
      {},
    );
  return lost(
    "maybe sent",
    failureCodes.network,
    new CorequestError("BACKEND_NETWORK", target, what, detail),
    { stale: early },
  );
}

const lost = (
  outcome: Outcome,
  statusCode: number,
  error: Error,
  { memberFailed = false, stale = false }: { memberFailed?: boolean; stale?: boolean },
): Failure => ({ outcome, statusCode, error, memberFailed, stale });

/**
 * States in which a server ends a connection, or takes none: nothing that it says about a statement.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function connectionFault(sqlState: string, reason: string): SqlFault | undefined {
  if (sqlState === "57P03") return { kind: "unsent", reason, unwell: true };
  if (sqlState === "53300") return { kind: "unsent", reason, unwell: false };
  if (["57P01", "57P02", "57P05"].includes(sqlState) || (sqlState.startsWith("08") && sqlState !== "08P01"))
    return { kind: "lost", reason };
  return undefined;
}
