import { SkitaiError } from "../errors.ts";
import type { Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

/** One task, or with `.map` one for each member. */
export type Answer<Data, Many extends boolean> = Many extends true ? Tasks<Task<Data>[]> : Task<Data>;

/** The methods of `Api` as calls from afar; an object in it is the start of dotted names. */
export type Stub<Api, Many extends boolean = false> = {
  readonly [Name in keyof Api]: Api[Name] extends (...params: infer Params) => infer Given
    ? (...params: Params) => Answer<Awaited<Given>, Many>
    : Stub<Api[Name], Many>;
};

/** When nobody says which methods there are: all. */
export interface LooseStub<Many extends boolean = false> {
  (...params: unknown[]): Answer<unknown, Many>;
  readonly [name: string]: LooseStub<Many>;
}

/** A call that is one of a batch. */
export interface Recorded {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly notify?: boolean;
}

/** As `Stub`, for what a batch is made of. */
export type Recorder<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (...params: infer Params) => unknown
    ? (...params: Params) => Recorded
    : Recorder<Api[Name]>;
};

export interface LooseRecorder {
  (...params: unknown[]): Recorded;
  readonly [name: string]: LooseRecorder;
}

type Invoke = (method: string, params: readonly unknown[]) => unknown;

/**
 * Property by property the name of a method, by a call the method: `stub.math.pow(2, 3)`. The names `then` and `toJSON` are
 * asked for by `await` and by JSON.stringify, and are no methods.
 * @param own names that are something else at the root
 */
export function stub(invoke: Invoke, own: Readonly<Record<string, unknown>> = {}): unknown {
  return named(invoke, "", own);
}

function named(invoke: Invoke, name: string, own: Readonly<Record<string, unknown>>): unknown {
  const call = (...params: unknown[]): unknown => {
    if (name !== "") return invoke(name, params);
    throw new SkitaiError("OPTION_INVALID", { name: "stub", accepted: "the name of a method: stub.name()" });
  };
  const get = (_: unknown, key: string | symbol): unknown => {
    if (typeof key === "symbol" || key === "then" || key === "toJSON") return undefined;
    if (Object.hasOwn(own, key)) return own[key];
    return named(invoke, name === "" ? key : `${name}.${key}`, {});
  };
  return new Proxy(call, { get });
}

const record = (method: string, params: readonly unknown[]): Recorded => ({ method, params });

/** What a batch is written with; `$notify` of it asks for no answer. */
export const recorder = (): unknown =>
  stub(record, {
    $notify: stub((method, params) => ({ ...record(method, params), notify: true })),
  });
