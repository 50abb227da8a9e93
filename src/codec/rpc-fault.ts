/**
 * An error that a remote procedure answers with: the `fault` of XML-RPC, the `error` of JSON-RPC. A method throws it to say
 * its own code and text to the client; a stub throws it when the other end said so. Spec R1, R2.
 */
export class RpcFault extends Error {
  /** An integer; -32768 to -32000 are the protocol's own. */
  readonly code: number;
  /** JSON-RPC only: anything that JSON holds. */
  readonly data: unknown;
  /** Whether another server said it. A server tells its client the text of its own methods only. */
  readonly remote: boolean;

  constructor(code: number, message: string, data?: unknown, remote = false) {
    super(message);
    this.name = "RpcFault";
    this.code = code;
    this.data = data;
    this.remote = remote;
  }
}

/** What one call of a batch came to. */
export type Outcome = { readonly result: unknown } | { readonly error: RpcFault };

/**
 * Codes of JSON-RPC 2.0 §5.1, which servers of XML-RPC use by convention too ("Specification for Fault Code
 * Interoperability").
 */
export const faultCodes = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  internal: -32603,
} as const;
