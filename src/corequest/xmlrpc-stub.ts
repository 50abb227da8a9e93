import type { Outcome } from "../codec/rpc-fault.ts";
import { decodeResponse, encodeCall, toFault } from "../codec/xmlrpc.ts";
import type { DateOptions } from "../codec/xmlrpc-encode.ts";
import { SkitaiError } from "../errors.ts";
import { type RpcOptions, sender } from "./rpc-calls.ts";
import {
  type Answer,
  type LooseRecorder,
  type LooseStub,
  type Recorded,
  recorder,
  type Recorder,
  type Stub,
  stub,
} from "./rpc-stub.ts";

export type XmlRpcCallOptions = RpcOptions & DateOptions;

interface Extras<Recording, Many extends boolean> {
  /** Several calls in one message (`system.multicall`), answered in their order. */
  $batch(calls: (api: Recording) => readonly Recorded[]): Answer<Outcome[], Many>;
}

/** A stub by place; typed by an interface of methods, if one is given. */
export interface XmlRpc<Many extends boolean = false> {
  (place: string, options?: XmlRpcCallOptions): Extras<LooseRecorder, Many> & LooseStub<Many>;
  <Api>(place: string, options?: XmlRpcCallOptions): Extras<Recorder<Api>, Many> & Stub<Api, Many>;
}

/**
 * `was.xmlrpc("@rpc/rpc2").math.pow(2, 3)` is a task; its `fetch` throws RpcFault for a fault, whose result has status code 500.
 * `.lb` picks a member, `.map` asks every one. Spec R1, R4.
 */
export const xmlrpcStub: XmlRpc & { readonly lb: XmlRpc; readonly map: XmlRpc<true> } = Object.assign(
  make(false),
  { lb: make(false), map: make(true) },
) as never;

function make(all: boolean): (place: string, options?: XmlRpcCallOptions) => unknown {
  return (place, options = {}) => {
    const send = sender(place, "text/xml", `xmlrpc ${options.zone ?? "utc"}`, options, all);
    const read = (data: unknown): unknown => decodeResponse(source(data), options);
    const call = (method: string, params: readonly unknown[]): unknown =>
      send(method, encodeCall(method, params, options), read);
    const $batch = (calls: (api: unknown) => readonly Recorded[]): unknown => {
      const list = calls(recorder()).map(({ method, params }) => ({ methodName: method, params }));
      const body = encodeCall("system.multicall", [list], options);
      return send("system.multicall", body, (data) => outcomes(read(data), list.length));
    };
    return stub(call, { $batch });
  };
}

/** The content as HTTP has it: text, or bytes when its type says nothing. */
function source(data: unknown): string | Uint8Array {
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  throw invalid("an answer in XML", data);
}

function outcomes(answers: unknown, count: number): Outcome[] {
  if (!Array.isArray(answers) || answers.length !== count) throw invalid(`${count} answers`, answers);
  return answers.map((each: unknown) => {
    if (!Array.isArray(each)) return { error: toFault(each) };
    if (each.length !== 1) throw invalid("one result for each call", each);
    return { result: each[0] };
  });
}

const invalid = (accepted: string, value: unknown): SkitaiError =>
  new SkitaiError("RPC_INVALID", { name: "answer", value, accepted });
