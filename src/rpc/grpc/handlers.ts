import type {
  handleBidiStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
  StatusObject,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import type { GrpcCall } from "../../config/grpc-options.ts";
import { runWith } from "../../context.ts";
import { type CallParts, ServerCall } from "./call.ts";
import type { Method } from "../../grpc/definitions.ts";
import { codeNumber, type GrpcCode, GrpcError } from "../../grpc/error.ts";
import { sentMetadata } from "../../grpc/metadata.ts";
import { Outgoing } from "./outgoing.ts";

/** A handler whose types were decided by the method it is for. */
export type Handler = (input: unknown, call: GrpcCall) => unknown;

type End = (status: StatusObject, message?: Buffer) => void;
type Surface = ServerUnaryCall<Buffer, Buffer> & ServerDuplexStream<Buffer, Buffer>;

/** One call to be answered. */
interface Answer {
  readonly method: Method;
  readonly handler: Handler;
  readonly surface: Surface;
  readonly call: ServerCall;
  readonly parts: CallParts;
  readonly end: End;
}

/** What grpc-js calls for a method: messages come and go as bytes, so that a call knows how many they were. */
export function handlerOf(method: Method, handler: Handler, parts: CallParts): UntypedHandleCall {
  const begin = (given: unknown, end: End): void => {
    const surface = given as Surface;
    const call = new ServerCall(surface, parts);
    void runWith(call.context, answer, { method, handler, surface, call, parts, end });
  };
  const single: handleUnaryCall<Buffer, Buffer> = (surface, callback) =>
    begin(surface, ({ code, details, metadata }, message) =>
      code === 0 ? callback(null, message, metadata) : callback({ code, details, metadata }),
    );
  const streamed: handleBidiStreamingCall<Buffer, Buffer> = (surface) =>
    begin(surface, (status) => {
      if (status.code === 0) surface.end(status.metadata);
      else surface.emit("error", status as StatusObject & Error);
    });
  return (method.responseStream ? streamed : single) as UntypedHandleCall;
}

export const typeOf = ({ requestStream, responseStream }: Method): string =>
  requestStream ? (responseStream ? "bidi" : "clientStream") : responseStream ? "serverStream" : "unary";

async function answer(given: Answer): Promise<void> {
  const { call, end } = given;
  try {
    const message = await reply(given);
    if (call.end("OK")) end(status("OK", "", call.trailers), message);
  } catch (error) {
    fail(given, error);
  }
}

/** Runs the handler. @returns the one message of a method that does not stream */
async function reply(given: Answer): Promise<Buffer | undefined> {
  const { method, handler, surface, call } = given;
  const input = method.requestStream ? requests(given) : decode(given, surface.request);
  const result = await handler(input, call);
  call.handled = Date.now();
  if (!method.responseStream) return encode(given, result);
  const outgoing = new Outgoing(surface, call.signal);
  // Left early, a generator runs what stands in its `finally`.
  for await (const message of iterable(result, call.path)) {
    if (call.ended) break;
    await outgoing.send(encode(given, message));
    if (call.ended) break;
  }
  return undefined;
}

/** What a client streams, read as the handler asks for it. */
async function* requests(given: Answer): AsyncGenerator<object, void> {
  const { surface, call } = given;
  try {
    // A handler that has read enough may still answer.
    for await (const bytes of surface.iterator({ destroyOnReturn: false }))
      yield decode(given, bytes as Buffer);
  } catch (error) {
    call.signal.throwIfAborted();
    throw error;
  }
}

function decode({ method, call }: Answer, bytes: Buffer): object {
  call.requestBytes += bytes.length;
  try {
    return method.requestDeserialize(bytes);
  } catch {
    throw new GrpcError("INTERNAL", "the request is not of the method's type");
  }
}

function encode({ method, call }: Answer, message: unknown): Buffer {
  if (typeof message !== "object" || message === null)
    throw new TypeError(`${call.path} returned ${Bun.inspect(message)}, a message is needed`);
  const bytes = method.responseSerialize(message);
  call.responseBytes += bytes.length;
  return bytes;
}

function iterable(result: unknown, path: string): AsyncIterable<unknown> | Iterable<unknown> {
  if (
    typeof result === "object" &&
    result !== null &&
    (Symbol.asyncIterator in result || Symbol.iterator in result)
  )
    return result as AsyncIterable<unknown>;
  throw new TypeError(`${path} returned ${Bun.inspect(result)}, an async generator is needed`);
}

/** The one place where an error becomes a status; what is not a GrpcError is for the log. */
function fail(given: Answer, error: unknown): void {
  if (!(error instanceof GrpcError)) return failInside(given, error);
  const { call, end } = given;
  try {
    const failed = status(error.code, error.message, { ...call.trailers, ...error.metadata });
    if (call.end(error.code)) end(failed);
  } catch (unsendable) {
    failInside(given, unsendable);
  }
}

function failInside({ call, parts, end }: Answer, error: unknown): void {
  // Who stops because nobody waits does what is asked.
  if (!call.ended || !isAbort(error)) parts.log.traceback(error);
  if (!call.end("INTERNAL")) return;
  const text = call.context.scope.debug ? messageOf(error) : "internal error";
  end(status("INTERNAL", text, { "x-gtxn-id": call.context.gtxnid }));
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const status = (code: GrpcCode, details: string, metadata: GrpcError["metadata"]): StatusObject => ({
  code: codeNumber(code),
  details,
  metadata: sentMetadata(metadata),
});
