import { fromJSON, type PackageDefinition } from "@grpc/proto-loader";
import { ReflectionV1Implementation } from "@grpc/reflection/build/src/implementations/reflection-v1.js";
import { filesOf } from "../../grpc/definitions.ts";
import { linked } from "./descriptors.ts";
import type { Handler } from "./handlers.ts";

const field = (type: string, id: number, rule?: "repeated"): object => ({ type, id, ...(rule && { rule }) });

/** grpc/reflection/v1/reflection.proto; v1alpha is the same. */
const types = {
  ServerReflection: {
    methods: {
      ServerReflectionInfo: {
        requestType: "ServerReflectionRequest",
        requestStream: true,
        responseType: "ServerReflectionResponse",
        responseStream: true,
      },
    },
  },
  ServerReflectionRequest: {
    oneofs: {
      messageRequest: {
        oneof: [
          "fileByFilename",
          "fileContainingSymbol",
          "fileContainingExtension",
          "allExtensionNumbersOfType",
          "listServices",
        ],
      },
    },
    fields: {
      host: field("string", 1),
      fileByFilename: field("string", 3),
      fileContainingSymbol: field("string", 4),
      fileContainingExtension: field("ExtensionRequest", 5),
      allExtensionNumbersOfType: field("string", 6),
      listServices: field("string", 7),
    },
  },
  ExtensionRequest: {
    fields: { containingType: field("string", 1), extensionNumber: field("int32", 2) },
  },
  ServerReflectionResponse: {
    oneofs: {
      messageResponse: {
        oneof: [
          "fileDescriptorResponse",
          "allExtensionNumbersResponse",
          "listServicesResponse",
          "errorResponse",
        ],
      },
    },
    fields: {
      validHost: field("string", 1),
      originalRequest: field("ServerReflectionRequest", 2),
      fileDescriptorResponse: field("FileDescriptorResponse", 4),
      allExtensionNumbersResponse: field("ExtensionNumberResponse", 5),
      listServicesResponse: field("ListServiceResponse", 6),
      errorResponse: field("ErrorResponse", 7),
    },
  },
  FileDescriptorResponse: { fields: { fileDescriptorProto: field("bytes", 1, "repeated") } },
  ExtensionNumberResponse: {
    fields: { baseTypeName: field("string", 1), extensionNumber: field("int32", 2, "repeated") },
  },
  ListServiceResponse: { fields: { service: field("ServiceResponse", 1, "repeated") } },
  ServiceResponse: { fields: { name: field("string", 1) } },
  ErrorResponse: { fields: { errorCode: field("int32", 1), errorMessage: field("string", 2) } },
};

/** Written here because an executable has no files of packages. */
export const reflectionDefinition = fromJSON(
  {
    nested: {
      grpc: {
        nested: { reflection: { nested: { v1: { nested: types }, v1alpha: { nested: types } } } },
      },
    },
  } as Parameters<typeof fromJSON>[0],
  { longs: String, enums: String, defaults: true, oneofs: true },
);

export const reflectionServices = [
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];

/** Tells what a server serves (grpcurl, Postman). */
export function reflectionHandlers(definition: PackageDefinition): Readonly<Record<string, Handler>> {
  // All that the index reads of a definition.
  const files = { all: { fileDescriptorProtos: linked(filesOf(definition)) } };
  const index = new ReflectionV1Implementation(files as unknown as PackageDefinition);
  type Request = Parameters<typeof index.handleServerReflectionRequest>[0];
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests as AsyncIterable<Request>)
        yield index.handleServerReflectionRequest(request);
    },
  };
}
