import { PROTO_HTTP, PROTO_HTTPS } from "../config/alias-options.ts";
import type { GrpcMetadataInit, GrpcOptions } from "../config/grpc-options.ts";
import type { Duration } from "../config/settings.ts";
import { clusterOf } from "../upstream/clusters.ts";
import { secondsOf } from "./durations.ts";
import type { Answer } from "./rpc-stub.ts";

/** How one call is made. */
export interface GrpcCallOptions {
  metadata?: GrpcMetadataInit;
  /** Longest time, which the server is told as its deadline. Default of tasks as of all tasks, of streams none. */
  timeout?: Duration;
  /** It may be sent again to another member when it is not known to have arrived. Default false. */
  idempotent?: boolean;
}

/** For all calls of a stub, and how messages look. */
export interface GrpcStubOptions
  extends GrpcCallOptions, Pick<GrpcOptions, "keepCase" | "longs" | "enums" | "includeDirs"> {}

/** Replies that come one after another; under way since the call was made. Left early, the call is cancelled. */
export interface GrpcStream<Reply> extends AsyncIterable<Reply> {
  cancel(): void;
}

/** The methods of `Api` as calls: one reply is a task, replies that `Api` says are iterated are a stream. */
export type GrpcStub<Api, Many extends boolean = false> = {
  readonly [Name in keyof Api]: Api[Name] extends (request: infer Request) => infer Reply
    ? (
        request: Request,
        options?: GrpcCallOptions,
      ) => Reply extends AsyncIterable<infer One> ? GrpcStream<One> : Answer<Awaited<Reply>, Many>
    : never;
};

/** When nobody says which methods there are: all, with one reply. */
export type LooseGrpc = Record<string, (request: object) => Record<string, unknown>>;

/** A stub by alias, file and service; typed by an interface of methods, if one is given. */
export interface Grpc<Many extends boolean = false> {
  <Api = LooseGrpc>(
    alias: string,
    file: string,
    service: string,
    options?: GrpcStubOptions,
  ): GrpcStub<Api, Many>;
}

/**
 * Methods of a gRPC service: `was.grpc("@greeter", "./greet.proto", "greet.Greeter").sayHello({ name })` is a task whose `fetch`
 * throws the server's status as GrpcError, and whose result has the HTTP status that stands for it (404 for NOT_FOUND).
 * Requests are streamed as an iterable. `.lb` picks a member, `.map` asks every one. Spec R3, R4.
 * @throws SkitaiError OPTION_INVALID for a file, a service or a method that there is not; ALIAS_UNKNOWN, ALIAS_TYPE
 */
export const grpcStub: Grpc & { readonly lb: Grpc; readonly map: Grpc<true> } = Object.assign(make(false), {
  lb: make(false),
  map: make(true),
}) as never;

/** Loaded by the first stub of a process, not by everybody; a stub has to know at once which methods stream. */
const calls = (): typeof import("./grpc-calls.ts") => require("./grpc-calls.ts");

function make(all: boolean): (...given: Parameters<Grpc>) => unknown {
  return (alias, file, service, { metadata, timeout, idempotent = false, ...shown } = {}) => {
    const { openService, callMethod, refused } = calls();
    const cluster = clusterOf(alias, [PROTO_HTTP, PROTO_HTTPS]);
    const methods = openService(file, service, shown);
    const begin = (name: string, request: object, options: GrpcCallOptions): unknown => {
      const method = methods.get(name);
      if (method === undefined)
        throw refused(name, `a method of ${service}: ${[...methods.keys()].join(", ")}`);
      return callMethod(method, {
        cluster,
        request,
        metadata: { ...metadata, ...options.metadata },
        timeout: secondsOf(options.timeout ?? timeout, "timeout of was.grpc"),
        idempotent: options.idempotent ?? idempotent,
        all,
      });
    };
    const get = (_: object, name: string | symbol): unknown =>
      typeof name === "symbol" || name === "then" || name === "toJSON"
        ? undefined
        : (request: object = {}, options: GrpcCallOptions = {}) => begin(name, request, options);
    return new Proxy({}, { get });
  };
}
