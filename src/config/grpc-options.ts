import { SkitaiError } from "../errors.ts";
import type { Duration, Size } from "./settings.ts";
import { parseDuration, parseSize } from "./units.ts";

/** One value of metadata: text, or bytes under a name that ends with `-bin`. */
export type GrpcMetadataValue = string | Uint8Array;

/** Metadata to send: names are folded to lower case. */
export type GrpcMetadataInit = Readonly<Record<string, GrpcMetadataValue | readonly GrpcMetadataValue[]>>;

/** Metadata that came; names are asked for in any case. */
export interface GrpcMetadata {
  /** The first text of this name. */
  get(name: string): string | undefined;
  /** The first bytes of a name that ends with `-bin`. */
  bytes(name: string): Uint8Array | undefined;
  all(name: string): readonly GrpcMetadataValue[];
  names(): string[];
}

/** What a handler has of its call. Spec T5. */
export interface GrpcCall {
  /** `/greet.Greeter/SayHello`. */
  readonly path: string;
  /** Address of the connection's other end. */
  readonly peer: string;
  /** What the client called this server, with its port. */
  readonly host: string;
  readonly metadata: GrpcMetadata;
  /** When the client stops waiting. */
  readonly deadline: Date | undefined;
  /** Aborted when the client cancels or goes away, and at the deadline. */
  readonly signal: AbortSignal;
  /** Sends metadata ahead of the first message; later calls do nothing. */
  sendMetadata(metadata: GrpcMetadataInit): void;
  /** Metadata that goes with the status at the end. */
  setTrailers(metadata: GrpcMetadataInit): void;
}

/**
 * A unary method is `(request, call) => reply`, with streamed replies `async function* (request, call)`; with streamed
 * requests the first argument is an async iterable of them. The parameter has the type that the handler gives it.
 */
export type GrpcHandler = (request: never, call: GrpcCall) => unknown;

/** Handlers by method, `sayHello` or `SayHello`, by service: `{ "greet.Greeter": { sayHello } }`. */
export type GrpcServices = Readonly<Record<string, Readonly<Record<string, GrpcHandler>>>>;

/** How messages are shown to handlers, and what a client may do. What is said of a port by several calls, the last one decides. */
export interface GrpcOptions {
  /** Largest message of a client. Default 4 MB. */
  maxMessageSize?: Size;
  /** Calls in progress on one connection; a client holds further ones back. Default 128. */
  maxCalls?: number;
  /** How long a connection without calls is kept. Default 10 minutes. */
  idleTimeout?: Duration;
  /** Answer the server reflection service (grpcurl, Postman). Default: in development. */
  reflection?: boolean;
  /** Where imported files are looked for, besides the file's own directory and the script's. */
  includeDirs?: readonly string[];
  /** Fields are called as in the file, not in camel case. Default false. */
  keepCase?: boolean;
  /** What 64-bit integers are: `"number"` is exact up to 2^53. Default `"string"`. */
  longs?: "string" | "number";
  /** Values of enumerations. Default `"string"`, their name. */
  enums?: "string" | "number";
}

/** One call of `grpc`. */
export interface GrpcDeclaration {
  readonly port: number;
  /** As given: from the script's directory. */
  readonly file: string;
  readonly services: GrpcServices;
  readonly options: GrpcOptions;
}

interface Row {
  readonly accepts: (value: unknown) => boolean;
  readonly accepted: string;
}

const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isKind = (value: unknown): boolean => value === "string" || value === "number";
const isCount = (value: unknown, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;

const rows: Readonly<Record<keyof GrpcOptions, Row>> = {
  maxMessageSize: {
    accepts: (value) => isCount(Math.floor(parseSize(value) ?? 0), 2 ** 31 - 1),
    accepted: 'bytes, or text like "4mb", below 2gb',
  },
  maxCalls: { accepts: (value) => isCount(value, 2 ** 31 - 1), accepted: "an integer from 1" },
  idleTimeout: {
    accepts: (value) => (parseDuration(value) ?? 0) >= 1,
    accepted: 'seconds from 1, or text like "10m"',
  },
  reflection: { accepts: isBoolean, accepted: "true or false" },
  keepCase: { accepts: isBoolean, accepted: "true or false" },
  includeDirs: {
    accepts: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
    accepted: "a list of directories",
  },
  longs: { accepts: isKind, accepted: '"string" or "number"' },
  enums: { accepts: isKind, accepted: '"string" or "number"' },
};

const isServices = (value: unknown): boolean =>
  isFilled(value) &&
  Object.values(value).every(
    (handlers) => isFilled(handlers) && Object.values(handlers).every((each) => typeof each === "function"),
  );

const isFilled = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;

/** @returns what is wrong with a `grpc` call, as far as it can be said without reading the file */
export function grpcErrors(port: unknown, file: unknown, services: unknown, options: unknown): SkitaiError[] {
  const refused = (value: unknown, accepted: string, name = "grpc"): SkitaiError =>
    new SkitaiError("OPTION_INVALID", { name, value, accepted });
  return [
    ...(isCount(port, 65535) ? [] : [refused(port, "a port from 1 to 65535")]),
    ...(typeof file === "string" && file !== "" ? [] : [refused(file, "the path of a .proto file")]),
    ...(isServices(services)
      ? []
      : [refused(services, 'functions by service and method, like { "greet.Greeter": { sayHello } }')]),
    ...Object.entries(Object(options) as object).flatMap(([key, value]) => {
      const row = Object.hasOwn(rows, key) ? rows[key as keyof GrpcOptions] : undefined;
      if (row !== undefined && (value === undefined || row.accepts(value))) return [];
      return row === undefined
        ? new SkitaiError("OPTION_UNKNOWN", {
            name: `grpc ${key}`,
            accepted: `unknown option, known are ${Object.keys(rows).join(", ")}`,
          })
        : refused(value, row.accepted, `grpc ${key}`);
    }),
  ];
}
