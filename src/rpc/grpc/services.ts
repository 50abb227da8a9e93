import type { PackageDefinition } from "@grpc/proto-loader";
import type { GrpcDeclaration } from "../../config/grpc-options.ts";
import { SkitaiError } from "../../errors.ts";
import { loadProto, type Method, methodsOf, servicesOf } from "../../grpc/definitions.ts";
import type { Handler } from "./handlers.ts";

/** A method that is served. */
export interface Served {
  readonly method: Method;
  readonly handler: Handler;
}

/** What the declarations of one port say together. */
export interface Services {
  readonly definition: PackageDefinition;
  readonly names: readonly string[];
  readonly served: readonly Served[];
}

/**
 * Finds the method of each handler.
 * @throws SkitaiError OPTION_INVALID for a file, a service or a method that there is not
 */
export async function openServices(declarations: readonly GrpcDeclaration[]): Promise<Services> {
  const opened = await Promise.all(declarations.map(openService));
  return {
    definition: Object.assign({}, ...opened.map(({ definition }) => definition)) as PackageDefinition,
    names: opened.flatMap(({ names }) => names),
    served: opened.flatMap(({ served }) => served),
  };
}

async function openService({ file, services, options }: GrpcDeclaration): Promise<Services> {
  const definition = await loadProto(file, options);
  const served = Object.entries(services).flatMap(([name, handlers]) => {
    const methods = methodsOf(definition, name);
    if (methods === undefined)
      throw refused(name, `a service of ${file}: ${servicesOf(definition).join(", ") || "there is none"}`);
    return bind(name, methods, handlers as Readonly<Record<string, Handler>>);
  });
  return { definition, names: Object.keys(services), served };
}

/** Handlers by method, called `sayHello` or `SayHello`. */
export function bind(
  service: string,
  methods: ReadonlyMap<string, Method>,
  handlers: Readonly<Record<string, Handler>>,
): Served[] {
  const known = new Map(
    [...methods].flatMap(([name, method]) => [
      [name, method],
      [lowerFirst(name), method],
    ]),
  );
  return Object.entries(handlers).map(([name, handler]) => {
    const method = known.get(name);
    if (method === undefined)
      throw refused(name, `a method of ${service}: ${[...methods.keys()].map(lowerFirst).join(", ")}`);
    // A method of an object may be one that needs it.
    return { method, handler: handler.bind(handlers) as Handler };
  });
}

export const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

const refused = (value: string, accepted: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", { name: "grpc", value, accepted });
