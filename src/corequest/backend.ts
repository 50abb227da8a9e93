import type { Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import type { Control } from "./control.ts";
import type { Result } from "./result.ts";

/** What one task asks of its backend; each backend adds its own. */
export interface Call {
  /** For people: `GET /pets/1`, `select`, `HGET`. No values, they may be secrets. */
  readonly label: string;
  /** Whether it may be sent again when it is not known to have arrived. */
  readonly idempotent: boolean;
  /** What makes calls equal, without the alias; `undefined` when no result may be kept. Spec Q6. */
  cacheKey?(): string;
}

/**
 * How far a call came when it failed. It alone decides about fail-over: `unsent` may go to another member, `maybe sent` only
 * when the call is idempotent, `answered` never.
 */
export type Outcome = "unsent" | "maybe sent" | "answered";

/** What an error of a backend means. */
export interface Failure {
  readonly outcome: Outcome;
  /** 500 when a database refused, 700 and above when nobody answered, see `failureCodes`. */
  readonly statusCode: number;
  /** Names alias and member; the driver's own error is its `cause`, or is it when a database refused. */
  readonly error: Error;
  /** The member itself is to be set aside. */
  readonly memberFailed: boolean;
  /** It failed only because a kept connection was closed: the same member may be asked once more. */
  readonly stale?: boolean;
}

/**
 * A kind of server. One for each process; `connect` is called once for each member, at its first call.
 * Life of a connection: `connect` → `start` for each call → `close` once.
 */
export interface Backend<Kind extends Call, Connection, Data = unknown> {
  /** Makes the pool of one member; connects when it is used. */
  connect(member: Member, cluster: Cluster): Connection;
  /**
   * Sends a call. Rejects with the driver's error; a failure that the backend answered may also be a `Result` with `error`.
   * Cancelling goes through `control.signal` or `control.onCancel`; what is answered after that is dropped.
   */
  start(call: Kind, connection: Connection, control: Control): Promise<Result<Data>>;
  /** What an error that `start` rejected with means. */
  failure(error: unknown, call: Kind, member: Member, cluster: Cluster): Failure;
  /** Ends what `connect` made, calls in progress too; without it there is nothing to end. */
  close?(connection: Connection): void | Promise<void>;
}
