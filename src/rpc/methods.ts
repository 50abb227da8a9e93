import { SkitaiError } from "../errors.ts";

/** A procedure; its parameters are the client's, so it has to check them. May be async. */
export type Method = (...params: never[]) => unknown;

/** Procedures by name; `{ math: { pow } }` is called as `math.pow`. `this` is the object that a procedure stands in. */
export interface Methods {
  readonly [name: string]: Method | Methods;
}

/** One that can be called. */
export type Callable = (params: readonly unknown[]) => unknown;

const deepest = 8;
const namePattern = /^[\w:/]+$/;

/**
 * What a client can call, by dotted name, read once at start: functions that are own enumerable properties of plain
 * objects. A map has no prototype: `constructor` and `__proto__` are names like others.
 * @param reserved start of names that the protocol keeps for itself: `system.`
 * @throws SkitaiError OPTION_INVALID for anything else
 */
export function callables(methods: Methods, reserved: string): Map<string, Callable> {
  const found = new Map<string, Callable>();
  collect(methods, "", 0, found);
  for (const name of found.keys()) if (name.startsWith(reserved)) throw refused(name, name);
  if (found.size === 0) throw refused("methods", methods);
  return found;
}

function collect(owner: Methods, prefix: string, depth: number, found: Map<string, Callable>): void {
  if (!isPlain(owner) || depth > deepest) throw refused(prefix.slice(0, -1) || "methods", owner);
  for (const [key, value] of Object.entries(owner)) {
    const name = prefix + key;
    if (!namePattern.test(key)) throw refused("name of a method", name);
    if (typeof value === "function") found.set(name, (params) => Reflect.apply(value, owner, params));
    else collect(value, `${name}.`, depth + 1, found);
  }
}

/** An object of a literal or of `import * as`; what an instance of a class has was not written to be called from afar. */
function isPlain(value: unknown): value is Methods {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const refused = (name: string, value: unknown): SkitaiError =>
  new SkitaiError("OPTION_INVALID", {
    name,
    value,
    accepted: "functions by name, in plain objects of other names than the protocol's own",
  });
