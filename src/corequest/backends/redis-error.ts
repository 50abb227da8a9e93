import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import { SkitaiError } from "../../errors.ts";
import type { Call, Failure } from "../backend.ts";
import { CorequestError, type Target } from "../errors.ts";
import { failureCodes } from "../status.ts";

/** A command that Redis refused: what `fetch` throws. */
export class RedisError extends CorequestError {
  /** `WRONGTYPE`, `NOAUTH`, `ERR` */
  readonly kind: string;

  /** @param reply the error of ioredis; its arguments are taken from it, they end up in logs otherwise */
  constructor(target: Target, what: string, reply: Error) {
    delete (reply as { command?: unknown }).command;
    super(
      "BACKEND_STATUS",
      target,
      what,
      { accepted: reply.message.replace(/\s+/g, " ").slice(0, 500), cause: reply },
      500,
    );
    this.name = "RedisError";
    this.kind = /^[A-Z]+\b/.exec(reply.message)?.[0] ?? "ERR";
  }
}

/** No connection was to be had; `cause` says why. */
export class RedisUnsent extends Error {
  constructor(cause: unknown) {
    super("not connected", { cause });
  }
}

const isReply = (error: unknown): error is Error => error instanceof Error && error.name === "ReplyError";

/** Of several commands: what the server says of one is its reply; a lost connection ends all. */
export const repliesOf = (promises: readonly Promise<unknown>[]): Promise<unknown[]> =>
  Promise.all(
    promises.map((promise) =>
      promise.catch((error: unknown) => {
        if (isReply(error)) return error;
        throw error;
      }),
    ),
  );

export function redisFailure(error: unknown, { label }: Call, member: Member, { name }: Cluster): Failure {
  const target = { alias: name, member: member.label };
  const cause = error instanceof RedisUnsent ? error.cause : error;
  if (isReply(cause))
    return {
      outcome: "answered",
      statusCode: 500,
      error: new RedisError(target, label, cause),
      memberFailed: false,
    };
  if (cause instanceof SkitaiError)
    return {
      outcome: "answered",
      statusCode: failureCodes.failed,
      error: cause,
      memberFailed: false,
    };
  if (error instanceof RedisUnsent || isUnwritable(error)) return unsent(cause, target, label);
  return {
    outcome: "maybe sent",
    statusCode: failureCodes.network,
    error: new CorequestError("BACKEND_NETWORK", target, label, {
      accepted: "a connection that lasts",
      cause: error,
    }),
    memberFailed: true,
    stale: true,
  };
}

/** The connection ended and nobody knew yet; ioredis has no code for it. */
const isUnwritable = (error: unknown): boolean =>
  error instanceof Error && /^Stream isn't writeable|^Cluster isn't ready/.test(error.message);

function unsent(cause: unknown, target: Target, label: string): Failure {
  const said = (cause as { lastNodeError?: unknown } | undefined)?.lastNodeError ?? cause;
  const { code, message } = Object(said) as { code?: string; message?: string };
  const why = code ?? message ?? "none";
  const dns = /ENOTFOUND|EAI_|DNS/.test(code ?? "");
  const tls = /CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO_|HOSTNAME/i.test(why);
  const wanted = tls ? `a certificate that is trusted (${why})` : `a server that listens (${why})`;
  const accepted = dns ? "a host name that is known" : wanted;
  return {
    outcome: "unsent",
    statusCode: dns ? failureCodes.dns : failureCodes.connect,
    error: new CorequestError("BACKEND_UNSENT", target, label, { accepted, cause }),
    memberFailed: true,
  };
}
