import {
  encodeError,
  encodeResult,
  type Id,
  parseMessage,
  readRequest,
  type Request as Call,
} from "../codec/jsonrpc.ts";
import { faultCodes, RpcFault } from "../codec/rpc-fault.ts";
import type { FetchHandler } from "../config/mount-types.ts";
import type { Context } from "../context.ts";
import {
  faultOf,
  type Limits,
  limitsOf,
  readBody,
  refusal,
  type ServerOptions,
  unknownMethod,
} from "./exchange.ts";
import { type Callable, callables, type Methods } from "./methods.ts";

/** Settings of a JSON-RPC server. */
export type JsonRpcOptions = ServerOptions;

/**
 * A fetch handler that answers JSON-RPC 2.0 calls:
 * ```ts
 * mount("/rpc", jsonrpc({ add: (a: number, b: number) => a + b, pets: { find({ id }: { id: number }) { … } } }));
 * ```
 * Parameters by position are the method's own; those by name are one object. A method is called within the request, so
 * `was` works in it; those of a batch run at the same time. It throws `new RpcFault(code, text, data)` to answer with an
 * error; what else it throws is logged, and is error -32603. Spec R2.
 * @throws SkitaiError OPTION_INVALID
 */
export function jsonrpc(methods: Methods, options: JsonRpcOptions = {}): FetchHandler {
  const server = new JsonRpcServer(methods, options);
  return function jsonrpc(request, context) {
    return server.respond(request, context);
  };
}

const contentTypes = /^application\/(?:json|json-rpc|jsonrequest)$/i;
const answerHeaders = { "content-type": "application/json", "cache-control": "no-store" };

class JsonRpcServer {
  readonly #methods: ReadonlyMap<string, Callable>;
  readonly #limits: Limits;

  constructor(methods: Methods, options: JsonRpcOptions) {
    this.#methods = callables(methods, "rpc.");
    this.#limits = limitsOf(options);
  }

  async respond(request: Request, context: Context): Promise<Response> {
    const refused = refusal(request, contentTypes);
    if (refused) return refused;
    const body = await readBody(request, this.#limits.body);
    const answer = await this.#message(body, context);
    return answer === undefined
      ? new Response(null, { status: 204 })
      : new Response(answer, { headers: answerHeaders });
  }

  /** `undefined` when nothing is to be answered: notifications only. */
  async #message(body: Uint8Array, context: Context): Promise<string | undefined> {
    let message: unknown;
    try {
      message = parseMessage(body);
      if (Array.isArray(message)) this.#checkBatch(message);
    } catch (error) {
      return encodeError(null, error as RpcFault);
    }
    if (!Array.isArray(message)) return this.#one(message, context);
    const answers = await Promise.all(message.map((each) => this.#one(each, context)));
    const given = answers.filter((answer) => answer !== undefined);
    return given.length === 0 ? undefined : `[${given.join(",")}]`;
  }

  #checkBatch(batch: readonly unknown[]): void {
    if (batch.length === 0) throw new RpcFault(faultCodes.request, "Invalid Request");
    if (batch.length > this.#limits.batch)
      throw new RpcFault(faultCodes.request, `At most ${this.#limits.batch} calls in one batch`);
  }

  async #one(value: unknown, context: Context): Promise<string | undefined> {
    let call: Call;
    try {
      call = readRequest(value);
    } catch (error) {
      return encodeError(null, error as RpcFault);
    }
    const answer = await this.#answer(call, call.id ?? null, context);
    return call.id === undefined ? undefined : answer;
  }

  async #answer({ method, params = [] }: Call, id: Id, context: Context): Promise<string> {
    try {
      const callable = this.#methods.get(method);
      if (callable === undefined) throw unknownMethod(method);
      const given = Array.isArray(params) ? (params as readonly unknown[]) : [params];
      return encodeResult(id, await callable(given));
    } catch (error) {
      return encodeError(id, faultOf(error, context, faultCodes.internal, "Internal error"));
    }
  }
}
