import { faultCodes, RpcFault } from "../codec/rpc-fault.ts";
import { type Call, decodeCall, encodeFault, encodeResponse, faultStruct } from "../codec/xmlrpc.ts";
import type { DateOptions } from "../codec/xmlrpc-encode.ts";
import type { FetchHandler } from "../config/mount-types.ts";
import type { Context } from "../context.ts";
import { SkitaiError } from "../errors.ts";
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
import { systemMethods } from "./xmlrpc-system.ts";

/** Settings of an XML-RPC server. */
export interface XmlRpcOptions extends ServerOptions, DateOptions {
  /** Whether clients may ask for the list of methods, by `system.listMethods` and the like. Default true. */
  readonly introspection?: boolean;
  /** What `system.methodHelp` tells, by method. */
  readonly help?: Readonly<Record<string, string>>;
  /** What `system.methodSignature` tells, by method: lists of types, the result's first, `{ add: [["int", "int", "int"]] }`. */
  readonly signatures?: Readonly<Record<string, readonly (readonly string[])[]>>;
}

/**
 * A fetch handler that answers XML-RPC calls:
 * ```ts
 * mount("/rpc2", xmlrpc({ add: (a: number, b: number) => a + b, math: { pow(base: number, n: number) { … } } }));
 * ```
 * A method is called within the request, so `was` works in it. It throws `new RpcFault(code, text)` to answer with a fault;
 * what else it throws is logged, and is a fault with code 500. See `encodeValue` for what it may return. Spec R1.
 * @throws SkitaiError OPTION_INVALID
 */
export function xmlrpc(methods: Methods, options: XmlRpcOptions = {}): FetchHandler {
  const server = new XmlRpcServer(methods, options);
  return function xmlrpc(request, context) {
    return server.respond(request, context);
  };
}

const contentTypes = /^(?:text|application)\/xml$/i;
const answerHeaders = { "content-type": "text/xml; charset=utf-8", "cache-control": "no-store" };

class XmlRpcServer {
  readonly #methods: ReadonlyMap<string, Callable>;
  readonly #system: ReadonlyMap<string, Callable>;
  readonly #limits: Limits;
  readonly #dates: DateOptions;

  constructor(methods: Methods, options: XmlRpcOptions) {
    this.#methods = callables(methods, "system.");
    this.#limits = limitsOf(options);
    this.#system =
      options.introspection === false ? new Map() : systemMethods([...this.#methods.keys()], options);
    this.#dates = options.zone === undefined ? {} : { zone: options.zone };
  }

  async respond(request: Request, context: Context): Promise<Response> {
    const refused = refusal(request, contentTypes);
    if (refused) return refused;
    const body = await readBody(request, this.#limits.body);
    return new Response(await this.#answer(body, context), { headers: answerHeaders });
  }

  async #answer(body: Uint8Array, context: Context): Promise<string> {
    let call: Call;
    try {
      call = decodeCall(body, { size: this.#limits.body, ...this.#dates });
    } catch (error) {
      return encodeFault(notACall(error));
    }
    try {
      return encodeResponse(await this.#call(call, context), this.#dates);
    } catch (error) {
      return encodeFault(told(error, context));
    }
  }

  async #call({ method, params }: Call, context: Context): Promise<unknown> {
    if (method === "system.multicall") return this.#multicall(params, context);
    const callable = this.#methods.get(method) ?? this.#system.get(method);
    if (callable === undefined) throw unknownMethod(method);
    return callable(params);
  }

  /** One after the other, as a client wrote them: the next may need what the last one did. */
  async #multicall([calls]: unknown[], context: Context): Promise<unknown[]> {
    if (!Array.isArray(calls))
      throw new RpcFault(faultCodes.params, "system.multicall takes a list of calls");
    if (calls.length > this.#limits.batch)
      throw new RpcFault(faultCodes.params, `At most ${this.#limits.batch} calls in one`);
    const answers: unknown[] = [];
    for (const call of calls) {
      try {
        const result = await this.#call(innerCall(call), context);
        // What cannot be encoded is the fault of this call, not of all.
        encodeResponse(result, this.#dates);
        answers.push([result]);
      } catch (error) {
        answers.push(faultStruct(told(error, context)));
      }
    }
    return answers;
  }
}

function innerCall(value: unknown): Call {
  const { methodName: method, params = [] } = (value ?? {}) as Record<string, unknown>;
  if (typeof method !== "string" || !Array.isArray(params))
    throw new RpcFault(faultCodes.params, "A call of system.multicall has methodName and params");
  if (method === "system.multicall")
    throw new RpcFault(faultCodes.params, "system.multicall is not a call of its own");
  return { method, params };
}

/** A body that is no call is the client's affair, and is not logged. */
function notACall(error: unknown): RpcFault {
  if (!(error instanceof SkitaiError)) throw error;
  return new RpcFault(error.detail.name === "XML" ? faultCodes.parse : faultCodes.request, error.message);
}

const told = (error: unknown, context: Context): RpcFault =>
  faultOf(error, context, 500, "Internal server error");
