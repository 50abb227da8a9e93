/** `skitai/corequest`: what `was` shows of backends, by itself: for scripts, tools and tests that serve nothing. */
import {
  type AliasName,
  type AliasOptions,
  type AliasType,
  aliasDeclaration,
} from "../config/alias-options.ts";
import { installAlias } from "../upstream/clusters.ts";

export { process as Process, subprocess as Subprocess, thread as Thread } from "./backends/jobs.ts";
export { databases as db } from "./databases.ts";
export { CorequestError } from "./errors.ts";
export { grpcStub as grpc } from "./grpc-stub.ts";
export { del, get, head, options, patch, post, put, trace, upload } from "./http-methods.ts";
export { HttpError } from "./http-result.ts";
export { jsonrpcStub as jsonrpc } from "./jsonrpc-stub.ts";
export { mask as Mask } from "./mask.ts";
export { mongodb } from "./mongodb.ts";
export { redis } from "./redis.ts";
export { tasks as Tasks } from "./tasks.ts";
export { transaction } from "./transaction.ts";
export { ws } from "./websocket-client.ts";
export { xmlrpcStub as xmlrpc } from "./xmlrpc-stub.ts";
export { closeConnections } from "./connections.ts";

/**
 * Makes a name for servers known in this process, as `skitai.alias` does for a service. Spec Q1.
 * @throws SkitaiError ALIAS_INVALID
 */
export function alias<Type extends AliasType>(
  name: `@${string}`,
  type: Type,
  members: string | readonly string[],
  more: AliasOptions = {},
): AliasName<Type> {
  installAlias(aliasDeclaration(name, type, members, more));
  return name as AliasName<Type>;
}
