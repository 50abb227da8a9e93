import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import { SkitaiError } from "../../errors.ts";
import type { Call, Failure } from "../backend.ts";
import { CorequestError, type Target } from "../errors.ts";
import { failureCodes } from "../status.ts";

/** An operation that MongoDB refused: what `fetch` throws. Status 409 for a key that exists, else 500. */
export class MongoError extends CorequestError {
  /** The server's number: 11000 for a key that exists. */
  readonly serverCode: number;

  constructor(target: Target, what: string, cause: Refusal) {
    const accepted = cause.message.replace(/\s+/g, " ").slice(0, 500);
    super("BACKEND_STATUS", target, what, { accepted, cause }, isDuplicate(cause) ? 409 : 500);
    this.name = "MongoError";
    this.serverCode = Number(cause.code ?? 0);
  }
}

/** The driver's `MongoServerError`; of a bulk write the number is text at times. */
interface Refusal extends Error {
  readonly code?: number | string;
}

const isDuplicate = ({ code }: Refusal): boolean => Number(code) === 11000 || Number(code) === 11001;
const outOfTime = 50;

const refusals = new Set(["MongoServerError", "MongoBulkWriteError", "MongoWriteConcernError"]);
/** Nothing was sent yet: no server, no connection, no place in the pool. */
const unsentNames = new Set([
  "MongoServerSelectionError",
  "MongoPoolClearedError",
  "MongoPoolClosedError",
  "MongoNotConnectedError",
  "MongoTopologyClosedError",
]);

/** By the names of the driver's errors: it may not have been loaded. */
export function mongoFailure(error: unknown, { label }: Call, member: Member, { name }: Cluster): Failure {
  const target = { alias: name, member: member.label };
  const cause = error as Refusal & { hasErrorLabel?: (label: string) => boolean };
  if (refusals.has(cause.name)) return refused(cause, target, label);
  const detail = (accepted: string) => ({ accepted, cause });
  if (cause.name === "MongoWaitQueueTimeoutError")
    return unsent(
      failureCodes.timeout,
      new CorequestError(
        "BACKEND_UNSENT",
        target,
        label,
        detail("a free connection in time; see the alias option pool"),
      ),
      false,
    );
  if (unsentNames.has(cause.name) || cause.hasErrorLabel?.("HandshakeError") === true) {
    const dns = /ENOTFOUND|EAI_|DNS/.test(cause.message);
    const wanted = dns ? "a host name that is known" : `a server that listens (${cause.message})`;
    const code = dns ? failureCodes.dns : failureCodes.connect;
    return unsent(code, new CorequestError("BACKEND_UNSENT", target, label, detail(wanted)), true);
  }
  if (cause.name.startsWith("MongoNetwork"))
    return {
      outcome: "maybe sent",
      statusCode: failureCodes.network,
      error: new CorequestError("BACKEND_NETWORK", target, label, detail("a connection that lasts")),
      memberFailed: true,
      stale: true,
    };
  return {
    outcome: "answered",
    statusCode: failureCodes.failed,
    error:
      cause instanceof SkitaiError
        ? cause
        : new CorequestError("BACKEND_FAILED", target, label, detail(cause.message)),
    memberFailed: false,
  };
}

function refused(cause: Refusal, target: Target, label: string): Failure {
  if (cause.code === outOfTime)
    return {
      outcome: "maybe sent",
      statusCode: failureCodes.timeout,
      error: new CorequestError("BACKEND_TIMEOUT", target, label, { accepted: "an answer in time", cause }),
      memberFailed: false,
    };
  const error = new MongoError(target, label, cause);
  return { outcome: "answered", statusCode: error.status, error, memberFailed: false };
}

const unsent = (statusCode: number, error: Error, memberFailed: boolean): Failure => ({
  outcome: "unsent",
  statusCode,
  error,
  memberFailed,
});
