import { isIP } from "node:net";
import { checkServerIdentity, createSecureContext } from "node:tls";
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  credentials,
  type Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import type { AliasTls } from "../../config/alias-options.ts";
import type { GrpcMetadataInit } from "../../config/grpc-options.ts";
import type { Context } from "../../context.ts";
import type { Method } from "../../grpc/definitions.ts";
import { SkitaiError } from "../../errors.ts";
import { codeName, GrpcError, httpStatus } from "../../grpc/error.ts";
import { headersOf, initOf, sentMetadata } from "../../grpc/metadata.ts";
import { toTraceparent } from "../../trace/traceparent.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import type { Backend, Call, Failure } from "../backend.ts";
import type { Control } from "../control.ts";
import { CorequestError } from "../errors.ts";
import { Result } from "../result.ts";
import { failureCodes } from "../status.ts";

/** One call of a method that answers with one message. */
export interface GrpcUnaryCall extends Call {
  readonly method: Method;
  /** An iterable when the method streams them. */
  readonly request: object;
  readonly metadata: GrpcMetadataInit;
}

/** A channel for each member; it connects when it is used, and again when it has to. Spec R3. */
export const grpc: Backend<GrpcUnaryCall, Client> = {
  connect({ declaration: { host, port, user } }, { name, options: { ssl }, type }) {
    if (user !== undefined)
      throw new SkitaiError("OPTION_INVALID", {
        name: `user of a member of ${name}`,
        value: user,
        accepted: "none for gRPC; metadata like { authorization } says who asks",
      });
    const place = port === 0 ? `unix:${host}` : `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const secure = ssl === undefined ? type === "https" : ssl !== false;
    const tls = typeof ssl === "object" ? ssl : {};
    // An address is no name that TLS could ask for.
    const serverName = tls.serverName ?? (isIP(host) === 0 ? undefined : unnamed);
    const options: ChannelOptions =
      serverName === undefined ? {} : { "grpc.ssl_target_name_override": serverName };
    return new Client(place, secure ? secureBy(tls, host) : credentials.createInsecure(), {
      ...options,
      // A member that was down is asked again as soon as the cluster does.
      "grpc.max_reconnect_backoff_ms": 5000,
    });
  },

  async start(call, client, control) {
    // What is asked for in the same breath, as by fetch({ timeout }), counts for the deadline too.
    await undefined;
    if (control.reason !== undefined) throw new DOMException("given up", "AbortError");
    try {
      return new Result(await send(call, client, control));
    } catch (error) {
      if (!isServiceError(error) || !isAnswer(error)) throw error;
      const { code, details, metadata } = error;
      const failed = new GrpcError(code, details, initOf(metadata));
      const statusCode = httpStatus(failed.code);
      return new Result<unknown>(undefined, {
        statusCode,
        reason: details,
        error: failed,
        headers: headersOf(metadata),
      });
    }
  },

  failure: failureOf,

  close(client) {
    client.close();
  },
};

function send(call: GrpcUnaryCall, client: Client, control: Control): Promise<unknown> {
  const { method, request } = call;
  const metadata = metadataFor(call.metadata, control.context);
  const options = { deadline: Date.now() + control.left };
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const done = (error: ServiceError | null, reply?: unknown): void =>
    error ? reject(error) : resolve(reply);
  const { path, requestSerialize: serialize, responseDeserialize: deserialize } = method;
  if (!method.requestStream) {
    const sent = client.makeUnaryRequest(path, serialize, deserialize, request, metadata, options, done);
    control.onCancel(() => sent.cancel());
    return promise;
  }
  const sent = client.makeClientStreamRequest(path, serialize, deserialize, metadata, options, done);
  control.onCancel(() => sent.cancel());
  void pump(request as AsyncIterable<object>, sent).catch((error: unknown) => {
    reject(error);
    sent.cancel();
  });
  return promise;
}

/** What a call writes to. */
interface Writing {
  write(message: object): boolean;
  once(event: "drain" | "close" | "error" | "status", listener: () => void): unknown;
  end(): unknown;
}

/** Sends messages no faster than they are taken, and stops asking for more when the call is over. */
export async function pump(requests: AsyncIterable<object> | Iterable<object>, call: Writing): Promise<void> {
  let over = false;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  for (const event of ["close", "error", "status"] as const)
    call.once(event, () => {
      over = true;
      end();
    });
  for await (const message of requests) {
    if (over) return;
    if (call.write(message)) continue;
    const { promise: room, resolve } = Promise.withResolvers<void>();
    call.once("drain", resolve);
    await Promise.race([room, ended]);
  }
  if (!over) call.end();
}

/** What is said by the caller, and the ids of its transaction. Spec L4, R4. */
export function metadataFor(given: GrpcMetadataInit, context: Context | undefined): Metadata {
  const metadata = sentMetadata(given);
  if (context === undefined) return metadata;
  const ltxnid = context.nextCall();
  metadata.set("x-gtxn-id", context.gtxnid);
  metadata.set("x-ltxn-id", `${ltxnid}`);
  metadata.set("traceparent", toTraceparent(context.gtxnid, ltxnid));
  return metadata;
}

/** Milliseconds since the epoch, or none. */
export const deadlineIn = (seconds: number | undefined): CallOptions =>
  seconds === undefined ? {} : { deadline: Date.now() + seconds * 1000 };

/** What is asked for at an address without `serverName`; its certificate is for the address. */
const unnamed = "address.invalid";

function secureBy(
  { ca, cert, key, passphrase, rejectUnauthorized }: AliasTls,
  host: string,
): ChannelCredentials {
  const given = { ca: typeof ca === "object" ? [...ca] : ca, cert, key, passphrase };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return credentials.createFromSecureContext(createSecureContext(known), {
    checkServerIdentity: (name, certificate) =>
      rejectUnauthorized === false
        ? undefined
        : checkServerIdentity(name === unnamed ? host : name, certificate),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  });
}

export const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "details" in error && "metadata" in error;

/** Whether the server has said so, as far as it can be told: these two are made here as well, when it says nothing. */
const isAnswer = ({ code }: ServiceError): boolean =>
  codeName(code) !== "UNAVAILABLE" && codeName(code) !== "DEADLINE_EXCEEDED";

/** grpc-js has no code of its own for a connection that never was. */
const neverConnected = /^(?:No connection established|Name resolution failed)/;

export function failureOf(
  error: unknown,
  { label }: Call,
  { label: member }: Member,
  { name }: Cluster,
): Failure {
  const target = { alias: name, member };
  const service = isServiceError(error) ? error : undefined;
  const accepted = service?.details ?? (error as Error).message;
  const detail = { accepted, cause: error };
  if (service !== undefined && codeName(service.code) === "DEADLINE_EXCEEDED")
    return {
      outcome: "maybe sent",
      statusCode: failureCodes.timeout,
      error: new CorequestError("BACKEND_TIMEOUT", target, label, detail),
      memberFailed: false,
    };
  if (service === undefined)
    return {
      // A message that cannot be made, an iterable that throws.
      outcome: "answered",
      statusCode: failureCodes.failed,
      error: error as Error,
      memberFailed: false,
    };
  const unsent = neverConnected.test(service.details);
  return {
    outcome: unsent ? "unsent" : "maybe sent",
    statusCode: unsent ? failureCodes.connect : failureCodes.network,
    error: new CorequestError(unsent ? "BACKEND_UNSENT" : "BACKEND_NETWORK", target, label, detail),
    memberFailed: true,
  };
}
