import type { Client, ClientReadableStream } from "@grpc/grpc-js";
import type { GrpcMetadata, GrpcMetadataInit } from "../config/grpc-options.ts";
import { findContext } from "../context.ts";
import type { Method } from "../grpc/definitions.ts";
import { codeName, GrpcError } from "../grpc/error.ts";
import { initOf, ReceivedMetadata } from "../grpc/metadata.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import { deadlineIn, failureOf, grpc, isServiceError, metadataFor, pump } from "./backends/grpc.ts";
import { connectionOf } from "./connections.ts";

export interface StreamCall {
  readonly label: string;
  readonly method: Method;
  /** An iterable when the method streams them. */
  readonly request: object;
  readonly metadata: GrpcMetadataInit;
  /** Seconds for the whole of it; none when `undefined`. */
  readonly timeout: number | undefined;
}

/**
 * Streamed replies, under way since the call was made; they are read once: `for await (const reply of stream)`. Reading slowly
 * slows the server down. Ends with its request, or when the loop is left. Spec R3.
 * Throws GrpcError for what the server says, CorequestError when it says nothing.
 */
export class ReplyStream<Reply = unknown> implements AsyncIterable<Reply> {
  /** What the server sends ahead of the first reply; `undefined` when it fails before. */
  readonly metadata: Promise<GrpcMetadata | undefined>;
  readonly #call: ClientReadableStream<Reply>;
  readonly #member: Member;
  readonly #explain: (error: unknown) => unknown;
  readonly #stop: () => void;
  readonly #signal = findContext()?.signal;
  #thrown: unknown;

  constructor(cluster: Cluster, call: StreamCall) {
    const member = cluster.claim()!;
    this.#member = member;
    this.#call = open<Reply>(call, connectionOf(grpc, member, cluster), (error) => (this.#thrown ??= error));
    this.#explain = (error) => explained(error, call, member, cluster);
    this.#stop = () => this.#call.cancel();
    const metadata = Promise.withResolvers<GrpcMetadata | undefined>();
    this.metadata = metadata.promise;
    this.#call.once("metadata", (given) => metadata.resolve(new ReceivedMetadata(given)));
    this.#call.once("status", ({ code }: { code: number }) => {
      metadata.resolve(undefined);
      this.#over(codeName(code) !== "UNAVAILABLE");
    });
    // Whoever reads is told; nobody has to.
    this.#call.on("error", () => {});
    this.#signal?.addEventListener("abort", this.#stop, { once: true });
    if (this.#signal?.aborted) this.#stop();
  }

  /** Ends the call; the loop that reads ends by GrpcError CANCELLED. */
  cancel(): void {
    this.#call.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Reply, void> {
    try {
      for await (const reply of this.#call) yield reply as Reply;
    } catch (error) {
      throw this.#explain(this.#thrown ?? error);
    } finally {
      this.#call.cancel();
    }
  }

  #over(answered: boolean): void {
    this.#signal?.removeEventListener("abort", this.#stop);
    if (answered) this.#member.answered();
    else this.#member.failed(Date.now());
    this.#member.release();
  }
}

/** @param failed told when the requests cannot be sent */
function open<Reply>(
  { method, request, metadata, timeout }: StreamCall,
  client: Client,
  failed: (error: unknown) => void,
): ClientReadableStream<Reply> {
  const { path, requestSerialize: serialize, responseDeserialize } = method;
  const deserialize = responseDeserialize as unknown as (bytes: Buffer) => Reply;
  const sent = metadataFor(metadata, findContext());
  const options = deadlineIn(timeout);
  if (!method.requestStream)
    return client.makeServerStreamRequest(path, serialize, deserialize, request, sent, options);
  const call = client.makeBidiStreamRequest(path, serialize, deserialize, sent, options);
  void pump(request as AsyncIterable<object>, call).catch((error: unknown) => {
    failed(error);
    call.cancel();
  });
  return call;
}

function explained(error: unknown, call: StreamCall, member: Member, cluster: Cluster): unknown {
  if (!isServiceError(error)) return error;
  if (codeName(error.code) === "UNAVAILABLE")
    return failureOf(error, { label: call.label, idempotent: false }, member, cluster).error;
  return new GrpcError(error.code, error.details, initOf(error.metadata));
}
