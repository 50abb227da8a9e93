import { dirname } from "node:path";
import type { MethodDefinition } from "@grpc/grpc-js";
import {
  type AnyDefinition,
  load,
  fromJSON,
  loadSync,
  type Options,
  type PackageDefinition,
} from "@grpc/proto-loader";
import { loadProtosWithOptions } from "@grpc/proto-loader/build/src/util.js";
import type { GrpcOptions } from "../config/grpc-options.ts";
import { abspath, getswd } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { findProto } from "./embedded.ts";

/** A method of a service; messages are plain objects. */
export type Method = MethodDefinition<object, object>;

/** The part of the options that says how messages look. */
export type MessageOptions = Pick<GrpcOptions, "keepCase" | "longs" | "enums" | "includeDirs">;

/**
 * Everything a .proto file and its imports define, by full name. In an executable it comes from inside.
 * @param file from the script's directory
 * @throws SkitaiError OPTION_INVALID when it is not there, or is no such file
 */
export async function loadProto(file: string, options: MessageOptions = {}): Promise<PackageDefinition> {
  const shown = loaderOptions(file, options);
  try {
    const embedded = findProto(file, options);
    return embedded ? fromJSON(embedded, shown) : await load(abspath(file), shown);
  } catch (cause) {
    throw unloadable(file, cause);
  }
}

/** Like `loadProto`, at once: for a stub, which has to know which methods stream. */
export function loadProtoSync(file: string, options: MessageOptions = {}): PackageDefinition {
  const shown = loaderOptions(file, options);
  try {
    const embedded = findProto(file, options);
    return embedded ? fromJSON(embedded, shown) : loadSync(abspath(file), shown);
  } catch (cause) {
    throw unloadable(file, cause);
  }
}

/**
 * A file with its imports as protobufjs writes them down; descriptors of protoc would lose maps on their way back.
 * @throws SkitaiError OPTION_INVALID
 */
export async function protoJson(file: string, options: MessageOptions): Promise<object> {
  try {
    const root = await loadProtosWithOptions(abspath(file), loaderOptions(file, options));
    return root.toJSON();
  } catch (cause) {
    throw unloadable(file, cause);
  }
}

function unloadable(file: string, cause: unknown): SkitaiError {
  const reason = (cause as Error).message.replace(/\s+/g, " ");
  const accepted = `a .proto file below ${getswd()} (${reason})`;
  return new SkitaiError("OPTION_INVALID", { name: "grpc", value: file, accepted, cause });
}

function loaderOptions(
  file: string,
  { keepCase = false, longs, enums, includeDirs = [] }: MessageOptions,
): Options {
  return {
    keepCase,
    longs: longs === "number" ? Number : String,
    ...(enums === "number" ? {} : { enums: String }),
    defaults: true,
    oneofs: true,
    includeDirs: [dirname(abspath(file)), getswd(), ...includeDirs.map((each) => abspath(each))],
  };
}

/** Methods of a service by the name that the file gives them; `undefined` when there is no such service. */
export function methodsOf(definition: PackageDefinition, service: string): Map<string, Method> | undefined {
  const found = Object.hasOwn(definition, service) ? definition[service] : undefined;
  if (found === undefined || !isService(found)) return undefined;
  return new Map(Object.entries(found) as [string, Method][]);
}

export const servicesOf = (definition: PackageDefinition): string[] =>
  Object.keys(definition).filter((name) => isService(definition[name]!));

const isService = (definition: AnyDefinition): boolean => typeof definition["format"] !== "string";

/** Every type comes with all files; services do not. */
export function filesOf(definition: PackageDefinition): Buffer[] {
  const lists = new Set(
    Object.values(definition).flatMap((each) => {
      const { fileDescriptorProtos: files } = each as { fileDescriptorProtos?: unknown };
      return Array.isArray(files) ? [files as Buffer[]] : [];
    }),
  );
  const files = new Map([...lists].flat().map((file) => [file.toString("base64"), file]));
  return [...files.values()];
}
