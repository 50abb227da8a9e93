import { RpcFault } from "../../codec/rpc-fault.ts";
import { SkitaiError } from "../../errors.ts";
import type { Backend } from "../backend.ts";
import { CorequestError, type Target } from "../errors.ts";
import type { HttpCall } from "../http-call.ts";
import { Result } from "../result.ts";
import { failureCodes } from "../status.ts";
import { http } from "./http.ts";

/** A call of a method, as a POST. */
export interface RpcCall extends HttpCall {
  /**
   * The result that the content of an answer tells.
   * @throws RpcFault; SkitaiError RPC_INVALID when it is no answer
   */
  read(data: unknown): unknown;
}

type Origin = Parameters<typeof http.start>[1];

/** XML-RPC and JSON-RPC on the HTTP backend: what is sent, and what a failure means, is the same. Spec R1, R2. */
export const rpc: Backend<RpcCall, Origin> = {
  connect: http.connect,

  async start(call, origin, control) {
    return understood(await http.start(call, origin, control), call, origin);
  },

  failure(error, call, member, cluster) {
    if (!(error instanceof SkitaiError) || error.code !== "RPC_INVALID")
      return http.failure(error, call, member, cluster);
    const target = { alias: cluster.name, member: member.label };
    return {
      outcome: "answered",
      statusCode: failureCodes.failed,
      error: new CorequestError("BACKEND_FAILED", target, call.label, {
        accepted: error.message,
        cause: error,
      }),
      memberFailed: false,
    };
  },
};

/** A fault is an answer like others, with 500 as a database has it. */
function understood(answer: Result<unknown>, call: RpcCall, target: Target): Result<unknown> {
  const { headers, reason, statusCode } = answer;
  try {
    // Some servers of JSON-RPC tell their errors with a status of HTTP as well.
    const data = call.read(answer.data);
    return answer.error === undefined ? new Result(data, { headers, reason, statusCode }) : answer;
  } catch (error) {
    if (error instanceof RpcFault) return faulty(error, answer, call, target);
    if (answer.error !== undefined) return answer;
    throw error;
  }
}

function faulty(fault: RpcFault, answer: Result<unknown>, call: RpcCall, target: Target): Result<unknown> {
  // For the log: where the fault came from.
  fault.cause = new CorequestError("BACKEND_STATUS", target, call.label, {
    accepted: `a result, got fault ${fault.code}`,
  });
  return new Result<unknown>(undefined, {
    statusCode: answer.error === undefined ? 500 : answer.statusCode,
    reason: fault.message,
    headers: answer.headers,
    error: fault,
  });
}
