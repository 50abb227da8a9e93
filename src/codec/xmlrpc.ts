import { faultCodes, RpcFault } from "./rpc-fault.ts";
import { elementsOf, type Element, invalid, only, parseXml, textOf } from "./xml-tree.ts";
import { decodeValue } from "./xmlrpc-decode.ts";
import { type DateOptions, encodeValue } from "./xmlrpc-encode.ts";

export interface DecodeOptions extends DateOptions {
  /** Longest message in bytes, default 64 MiB. */
  readonly size?: number;
}

export interface Call {
  readonly method: string;
  readonly params: unknown[];
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const defaultSize = 64 * 1024 * 1024;
/** The characters of the specification. */
const methodName = /^[\w.:/]{1,255}$/;

/**
 * `<methodCall>`.
 * @throws SkitaiError RPC_INVALID for parameters that XML-RPC cannot say, see `encodeValue`
 */
export function encodeCall(method: string, params: readonly unknown[], options?: DateOptions): string {
  const list = params.map((param) => `<param>${encodeValue(param, options)}</param>`).join("");
  return `${declaration}<methodCall><methodName>${checked(method)}</methodName><params>${list}</params></methodCall>`;
}

/** `<methodResponse>` with a result; errors as `encodeCall`. */
export const encodeResponse = (value: unknown, options?: DateOptions): string =>
  `${declaration}<methodResponse><params><param>${encodeValue(value, options)}</param></params></methodResponse>`;

/** `<methodResponse>` with a fault. */
export const encodeFault = (fault: RpcFault): string =>
  `${declaration}<methodResponse><fault>${encodeValue(faultStruct(fault))}</fault></methodResponse>`;

/** What a fault is as a value; its text without the characters that XML cannot hold. */
export const faultStruct = ({ code, message }: RpcFault): { faultCode: number; faultString: string } => ({
  faultCode: Number.isSafeInteger(code) ? code : faultCodes.internal,
  faultString: message.toWellFormed().replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd"),
});

/** @throws SkitaiError RPC_INVALID */
export function decodeCall(source: string | Uint8Array, options: DecodeOptions = {}): Call {
  const root = parseXml(source, options.size ?? defaultSize);
  const [name, params, ...more] = elementsOf(root);
  if (root.name !== "methodCall" || name?.name !== "methodName" || more.length > 0)
    throw invalid(`<${root.name}>`, undefined, "<methodCall> with <methodName> and <params> is expected");
  return {
    method: checked(textOf(name).trim()),
    params: params === undefined ? [] : decodeParams(params, options),
  };
}

/**
 * The result that a `<methodResponse>` tells.
 * @throws RpcFault, `remote`, when it tells a fault
 * @throws SkitaiError RPC_INVALID
 */
export function decodeResponse(source: string | Uint8Array, options: DecodeOptions = {}): unknown {
  const root = parseXml(source, options.size ?? defaultSize);
  const [content, ...more] = elementsOf(root);
  if (root.name !== "methodResponse" || content === undefined || more.length > 0)
    throw invalid(`<${root.name}>`, undefined, "<methodResponse> with <params> or <fault> is expected");
  if (content.name === "fault") throw toFault(decodeValue(only(content, "value"), options));
  const values = decodeParams(content, options);
  // Some servers answer a method without a result so.
  if (values.length > 1) throw invalid("<methodResponse>", values.length, "one value");
  return values[0] ?? null;
}

/** The fault that a struct with `faultCode` and `faultString` is, as in an answer and in the list of `system.multicall`. */
export function toFault(value: unknown): RpcFault {
  const { faultCode: code, faultString: text } = (value ?? {}) as Record<string, unknown>;
  if (typeof code !== "number" || typeof text !== "string")
    throw invalid("fault", value, "faultCode and faultString");
  return new RpcFault(code, text, undefined, true);
}

function decodeParams(params: Element, options: DateOptions): unknown[] {
  if (params.name !== "params") throw invalid(`<${params.name}>`, undefined, "<params> is expected");
  return elementsOf(params).map((param) => {
    if (param.name !== "param") throw invalid(`<${param.name}>`, undefined, "<param> is expected");
    return decodeValue(only(param, "value"), options);
  });
}

function checked(method: string): string {
  if (!methodName.test(method)) throw invalid("method name", method, "letters, digits and _ . : /");
  return method;
}
