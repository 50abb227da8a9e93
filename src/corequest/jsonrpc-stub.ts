import { decodeBatch, decodeResponse, encodeBatch, encodeRequest } from "../codec/jsonrpc.ts";
import type { Outcome } from "../codec/rpc-fault.ts";
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

interface Extras<Loose, Recording, Many extends boolean> {
  /** Calls whose result nobody wants: the task ends, with nothing, when the server has taken the message. */
  readonly $notify: Loose;
  /** Calls with parameters by name: `stub.$named.subtract({ minuend: 42, subtrahend: 23 })`. */
  readonly $named: LooseStub<Many>;
  /** Several calls in one message, answered in their order; those by `api.$notify` are not. */
  $batch(
    calls: (api: Recording & { readonly $notify: Recording }) => readonly Recorded[],
  ): Answer<Outcome[], Many>;
}

/** A stub by place; typed by an interface of methods, if one is given. */
export interface JsonRpc<Many extends boolean = false> {
  (place: string, options?: RpcOptions): Extras<LooseStub<Many>, LooseRecorder, Many> & LooseStub<Many>;
  <Api>(place: string, options?: RpcOptions): Extras<Stub<Api, Many>, Recorder<Api>, Many> & Stub<Api, Many>;
}

/** One message is one call, so its id need not tell it from others; equal calls are equal messages. */
const id = 1;

/**
 * `was.jsonrpc("@rpc/rpc2").math.pow(2, 3)` is a task; its `fetch` throws RpcFault for an error, whose result has status code
 * 500. `.lb` picks a member, `.map` asks every one. Spec R2, R4.
 */
export const jsonrpcStub: JsonRpc & { readonly lb: JsonRpc; readonly map: JsonRpc<true> } = Object.assign(
  make(false),
  { lb: make(false), map: make(true) },
) as never;

function make(all: boolean): (place: string, options?: RpcOptions) => unknown {
  return (place, options = {}) => {
    const send = sender(place, "application/json", "jsonrpc", options, all);
    const call = (method: string, params: readonly unknown[]): unknown =>
      send(method, encodeRequest({ id, method, params }), (data) => decodeResponse(content(data), id));
    const notify = (method: string, params: readonly unknown[]): unknown =>
      send(method, encodeRequest({ method, params }), () => undefined);
    const byName = (method: string, [params]: readonly unknown[]): unknown =>
      send(method, encodeRequest({ id, method, params: params as Record<string, unknown> }), (data) =>
        decodeResponse(content(data), id),
      );
    const $batch = (calls: (api: unknown) => readonly Recorded[]): unknown => {
      const list = calls(recorder()).map(({ method, params, notify: silent }, index) =>
        silent ? { method, params } : { id: index, method, params },
      );
      const ids = list.flatMap((each) => ("id" in each ? [each.id!] : []));
      return send("batch", encodeBatch(list), (data) =>
        ids.length === 0 ? [] : decodeBatch(content(data), ids),
      );
    };
    return stub(call, { $notify: stub(notify), $named: stub(byName), $batch });
  };
}

/** Parsed by its type; text and bytes, when that says nothing, are read as JSON. */
const content = (data: unknown): unknown =>
  data instanceof Uint8Array ? new TextDecoder().decode(data) : (data ?? "");
