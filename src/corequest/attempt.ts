import { type Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import type { Backend, Call, Failure } from "./backend.ts";
import { connectionOf } from "./connections.ts";
import type { Control } from "./control.ts";
import { CorequestError } from "./errors.ts";
import { Result } from "./result.ts";
import { failureCodes } from "./status.ts";

/** Asks one member; with fail-over others of its cluster after it. Never rejects. Spec Q5, Q9. */
export async function attempt<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  cluster: Cluster,
  call: Kind,
  control: Control,
): Promise<Result<Data>> {
  let tried: Set<Member> | undefined;
  let stale = false;
  let member = cluster.claim()!;
  for (;;) {
    let failure: Failure;
    try {
      const result = await backend.start(call, connectionOf(backend, member, cluster), control);
      member.answered();
      return result;
    } catch (error) {
      failure = judged(backend, cluster, member, call, control, error);
    } finally {
      member.release();
    }
    if (control.reason !== undefined || !mayRepeat(failure, call)) return failed(failure);
    if (failure.stale && !stale) {
      stale = true;
      member.claim();
      continue;
    }
    tried = (tried ?? new Set()).add(member);
    const next = cluster.claim(tried);
    if (next === undefined) return failed(failure);
    member = next;
  }
}

/** Asks this member and no other; claims it. */
export async function attemptOn<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  cluster: Cluster,
  member: Member,
  call: Kind,
  control: Control,
): Promise<Result<Data>> {
  for (let stale = false; ; stale = true) {
    member.claim();
    try {
      const result = await backend.start(call, connectionOf(backend, member, cluster), control);
      member.answered();
      return result;
    } catch (error) {
      const failure = judged(backend, cluster, member, call, control, error);
      const again = failure.stale && !stale && mayRepeat(failure, call) && control.reason === undefined;
      if (!again) return failed(failure);
    } finally {
      member.release();
    }
  }
}

const mayRepeat = ({ outcome }: Failure, { idempotent }: Call): boolean =>
  outcome === "unsent" || (outcome === "maybe sent" && idempotent);

/** What an error means, for the call and for the member. */
function judged<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  cluster: Cluster,
  member: Member,
  call: Kind,
  control: Control,
  error: unknown,
): Failure {
  if (control.reason !== undefined) {
    judge(member, control);
    return cancelled(error);
  }
  const failure = failureOf(backend, cluster, member, call, error);
  if (failure.memberFailed) member.failed(Date.now());
  else if (failure.outcome === "answered") member.answered();
  return failure;
}

/** A member that let a call run out of time is set aside only when it has been silent since: others may just be slow. */
function judge(member: Member, { reason, started }: Control): void {
  if (reason === "timeout" && member.answeredAt <= started) member.failed(Date.now());
}

/** The task has its result already; nobody reads this. */
const cancelled = (error: unknown): Failure => ({
  outcome: "maybe sent",
  statusCode: failureCodes.cancelled,
  error: error as Error,
  memberFailed: false,
});

/** A backend that is wrong about its own errors must not hang a task. */
function failureOf<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  cluster: Cluster,
  member: Member,
  call: Kind,
  error: unknown,
): Failure {
  try {
    return backend.failure(error, call, member, cluster);
  } catch (cause) {
    const place = { alias: cluster.name, member: member.label };
    return {
      outcome: "maybe sent",
      statusCode: failureCodes.failed,
      error: new CorequestError("BACKEND_FAILED", place, call.label, { cause }),
      memberFailed: false,
    };
  }
}

const failed = <Data>({ statusCode, error }: Failure): Result<Data> =>
  new Result<Data>(undefined as Data, { statusCode, reason: error.message, error });
