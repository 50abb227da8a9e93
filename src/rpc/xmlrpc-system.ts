import { unknownMethod } from "./exchange.ts";
import type { Callable } from "./methods.ts";

/** What an application tells of its methods. */
export interface Description {
  readonly help?: Readonly<Record<string, string>>;
  readonly signatures?: Readonly<Record<string, readonly (readonly string[])[]>>;
}

const own: Readonly<Record<string, { help: string; signature: readonly string[] }>> = {
  "system.listMethods": { help: "Names of all methods", signature: ["array"] },
  "system.methodHelp": { help: "What a method does", signature: ["string", "string"] },
  "system.methodSignature": { help: "Types of a method", signature: ["array", "string"] },
  "system.multicall": { help: "Several calls in one", signature: ["array", "array"] },
};

/** Introspection as the servers of Python and xmlrpc-c do it. */
export function systemMethods(names: readonly string[], description: Description): Map<string, Callable> {
  const { help = {}, signatures = {} } = description;
  const all = [...names, ...Object.keys(own)].toSorted();
  const known = ([name]: readonly unknown[]): string => {
    if (typeof name !== "string" || !all.includes(name)) throw unknownMethod(String(name));
    return name;
  };
  const of = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
    Object.hasOwn(table, name) ? table[name] : undefined;
  const methodHelp = (params: readonly unknown[]): string => {
    const name = known(params);
    return of(help, name) ?? own[name]?.help ?? "";
  };
  const methodSignature = (params: readonly unknown[]): unknown => {
    const name = known(params);
    const signature = own[name]?.signature;
    return of(signatures, name) ?? (signature ? [signature] : "undef");
  };
  return new Map<string, Callable>([
    ["system.listMethods", () => all],
    ["system.methodHelp", methodHelp],
    ["system.methodSignature", methodSignature],
  ]);
}
