import { SkitaiError } from "../errors.ts";
import { faultCodes, type Outcome, RpcFault } from "./rpc-fault.ts";

/** JSON-RPC 2.0 §4: by it an answer finds its call. */
export type Id = string | number | null;
/** By position or by name (§4.2). */
export type Params = readonly unknown[] | Readonly<Record<string, unknown>>;

export interface Request {
  /** Without one it is a notification, which is not answered (§4.1). */
  readonly id?: Id;
  readonly method: string;
  readonly params?: Params;
}

/**
 * A call, or without an id a notification, as text.
 * @throws SkitaiError RPC_INVALID for parameters that JSON cannot say
 */
export const encodeRequest = ({ id, method, params }: Request): string =>
  stringify({ jsonrpc: "2.0", method, ...(params ? { params } : {}), ...(id === undefined ? {} : { id }) });

/** Several in one message (§6). */
export const encodeBatch = (requests: readonly Request[]): string =>
  `[${requests.map(encodeRequest).join(",")}]`;

/**
 * A response object as text. `undefined` is told as `null`.
 * @throws SkitaiError RPC_INVALID for a result that JSON cannot say: bigint, circles
 */
export const encodeResult = (id: Id, result: unknown): string =>
  stringify({ jsonrpc: "2.0", result: result ?? null, id }, result);

/** An error object as text (§5.1). Data that JSON cannot say is left out. */
export function encodeError(id: Id, { code, message, data }: RpcFault): string {
  const error = { code: Number.isSafeInteger(code) ? code : faultCodes.internal, message };
  try {
    return stringify({ jsonrpc: "2.0", error: { ...error, data }, id });
  } catch {
    return stringify({ jsonrpc: "2.0", error, id });
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The message as JSON; what is in it is checked by `readRequest`, one by one.
 * @throws RpcFault -32700
 */
export function parseMessage(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw new RpcFault(faultCodes.parse, "Parse error");
  }
}

/** @throws RpcFault -32600 when it is no request object (§4) */
export function readRequest(value: unknown): Request {
  if (!isObject(value)) throw invalidRequest();
  const { jsonrpc, method, params, id } = value;
  if (jsonrpc !== "2.0" || typeof method !== "string") throw invalidRequest();
  if (params !== undefined && !Array.isArray(params) && !isObject(params)) throw invalidRequest();
  if (id !== undefined && !isId(id)) throw invalidRequest();
  return {
    method,
    ...(params === undefined ? {} : { params: params as Params }),
    ...(id === undefined ? {} : { id }),
  };
}

/**
 * The result that the answer to the call `id` tells.
 * @param text or the parsed JSON
 * @throws RpcFault, `remote`, when it tells an error
 * @throws SkitaiError RPC_INVALID when it is no answer, or that of another call
 */
export function decodeResponse(text: unknown, id: Id): unknown {
  const [found, outcome] = readResponse(typeof text === "string" ? parsed(text) : text);
  // An error that was found before the id was has none (§5).
  if (found !== id && !(found === null && "error" in outcome))
    throw invalid("id of the answer", found, String(id));
  if ("error" in outcome) throw outcome.error;
  return outcome.result;
}

/**
 * Answers in the order of their calls, whatever order they came in (§6).
 * @throws RpcFault, `remote`, when the batch was refused as a whole
 * @throws SkitaiError RPC_INVALID when one is missing or is no answer
 */
export function decodeBatch(text: unknown, ids: readonly Id[]): Outcome[] {
  const value = typeof text === "string" ? parsed(text) : text;
  if (!Array.isArray(value)) {
    const [, outcome] = readResponse(value);
    throw "error" in outcome ? outcome.error : invalid("answer to a batch", value, "a list");
  }
  const outcomes = new Map(value.map(readResponse));
  return ids.map((id) => {
    const outcome = outcomes.get(id);
    if (outcome === undefined)
      throw invalid("answer to a batch", undefined, `no answer to ${JSON.stringify(id)}`);
    return outcome;
  });
}

function readResponse(value: unknown): [Id, Outcome] {
  if (!isObject(value) || value["jsonrpc"] !== "2.0" || !isId(value["id"]))
    throw invalid("answer", value, "a JSON-RPC 2.0 response");
  const { id, result, error } = value;
  // Servers of older versions say the other one as null.
  if ((error ?? undefined) === undefined && Object.hasOwn(value, "result")) return [id, { result }];
  if (!isObject(error) || (result ?? undefined) !== undefined)
    throw invalid("answer", value, "either a result or an error");
  const { code, message, data } = error;
  if (typeof code !== "number" || typeof message !== "string")
    throw invalid("error of an answer", error, "code and message");
  return [id, { error: new RpcFault(code, message, data, true) }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("answer", text, "JSON", cause);
  }
}

function stringify(message: object, told: unknown = message): string {
  if (typeof told === "function" || typeof told === "symbol")
    throw invalid("result", told, "a value of JSON");
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw invalid("JSON-RPC message", undefined, "values of JSON", cause);
  }
}

const invalid = (name: string, value: unknown, accepted: string, cause?: unknown): SkitaiError =>
  new SkitaiError("RPC_INVALID", { name, value, accepted, cause });

const invalidRequest = (): RpcFault => new RpcFault(faultCodes.request, "Invalid Request");

const isId = (id: unknown): id is Id => id === null || typeof id === "string" || typeof id === "number";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
