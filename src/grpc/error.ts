import type { GrpcMetadataInit } from "../config/grpc-options.ts";

/**
 * Status codes (https://grpc.github.io/grpc/core/md_doc_statuscodes.html), and the HTTP status each is logged as
 * (google/rpc/code.proto).
 */
const codes = {
  OK: [0, 200],
  CANCELLED: [1, 499],
  UNKNOWN: [2, 500],
  INVALID_ARGUMENT: [3, 400],
  DEADLINE_EXCEEDED: [4, 504],
  NOT_FOUND: [5, 404],
  ALREADY_EXISTS: [6, 409],
  PERMISSION_DENIED: [7, 403],
  RESOURCE_EXHAUSTED: [8, 429],
  FAILED_PRECONDITION: [9, 400],
  ABORTED: [10, 409],
  OUT_OF_RANGE: [11, 400],
  UNIMPLEMENTED: [12, 501],
  INTERNAL: [13, 500],
  UNAVAILABLE: [14, 503],
  DATA_LOSS: [15, 500],
  UNAUTHENTICATED: [16, 401],
} as const;

/** `"NOT_FOUND"` … */
export type GrpcCode = keyof typeof codes;
export type GrpcFailure = Exclude<GrpcCode, "OK">;

const names = Object.keys(codes) as GrpcCode[];

/** Name of a number of the wire; one that no one knows is UNKNOWN. */
export const codeName = (number: number): GrpcCode => names[number] ?? "UNKNOWN";

export const codeNumber = (code: GrpcCode): number => codes[code][0];

/** The HTTP status that the request log shows for a code. */
export const httpStatus = (code: GrpcCode): number => codes[code][1];

/**
 * How a gRPC call fails: thrown by a handler it is what the client gets, thrown by a client's call it is what the server
 * said. Anything else that a handler throws is INTERNAL, and its text stays here. Spec T5, R3.
 */
export class GrpcError extends Error {
  readonly code: GrpcFailure;
  /** What goes along with the status. */
  readonly metadata: GrpcMetadataInit;

  /**
   * @param code its name, or its number
   * @param message sent to the client
   */
  constructor(code: GrpcFailure | number, message: string, metadata: GrpcMetadataInit = {}) {
    super(message);
    this.name = "GrpcError";
    this.code = failureOf(typeof code === "number" ? codeName(code) : code);
    this.metadata = metadata;
  }
}

/** What is no failure, or no code at all, must not look like success. */
const failureOf = (code: GrpcCode): GrpcFailure =>
  code === "OK" || !Object.hasOwn(codes, code) ? "UNKNOWN" : code;
