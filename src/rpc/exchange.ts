import { faultCodes, RpcFault } from "../codec/rpc-fault.ts";
import { parseSize } from "../config/units.ts";
import type { Context } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import { processLogs } from "../log/logs.ts";

/** Limits of a server. */
export interface ServerOptions {
  /** Longest request body, default 4 MB; it is held in memory. The mount's own limit may be lower. */
  readonly maxBodySize?: number | string;
  /** Calls in one batch (JSON-RPC) or one `system.multicall` (XML-RPC), default 100. */
  readonly maxBatch?: number;
}

export interface Limits {
  readonly body: number;
  readonly batch: number;
}

/** @throws SkitaiError OPTION_INVALID */
export function limitsOf({ maxBodySize = "4mb", maxBatch = 100 }: ServerOptions): Limits {
  const body = Math.floor(parseSize(maxBodySize) ?? Number.NaN);
  if (!(body > 0)) throw wrongOption("maxBodySize", maxBodySize, 'bytes or text like "4mb"');
  if (!Number.isInteger(maxBatch) || maxBatch < 1)
    throw wrongOption("maxBatch", maxBatch, "an integer from 1");
  return { body, batch: maxBatch };
}

const wrongOption = (name: string, value: unknown, accepted: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", { name, value, accepted });

/**
 * Why a request is no call, as its answer. The content types are not among those that a page of another site may send
 * without asking first (Fetch §2.2.2), so no such page can call a method with the user's cookies.
 */
export function refusal(request: Request, types: RegExp): Response | undefined {
  if (request.method !== "POST")
    return new Response("Only POST calls a method\n", { status: 405, headers: { allow: "POST" } });
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  if (!types.test(type.trim())) return new Response(`Not a type of a call: ${type}\n`, { status: 415 });
  const encoding = request.headers.get("content-encoding") ?? "identity";
  return encoding === "identity" ? undefined : new Response("Calls are not compressed\n", { status: 415 });
}

/**
 * The whole body.
 * @throws SkitaiError BODY_TOO_LARGE, without having read more than `limit` bytes
 */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const announced = request.headers.get("content-length");
  if (announced !== null) {
    // Bun reads no more than was announced.
    if (Number(announced) > limit) throw tooLarge(limit);
    return request.bytes();
  }
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const tooLarge = (limit: number): SkitaiError =>
  new SkitaiError("BODY_TOO_LARGE", { name: "body of a call", accepted: `at most ${limit} bytes` });

export const unknownMethod = (name: string): RpcFault =>
  new RpcFault(faultCodes.method, `Method not found: ${name.slice(0, 100)}`);

/**
 * What the client is told of something that a method threw: its own RpcFault; of anything else, another server's fault
 * included, no more than that it happened, except in development. It is logged in any case.
 * @param code and `text` of an error that is not for the client
 */
export function faultOf(error: unknown, context: Context, code: number, text: string): RpcFault {
  if (error instanceof RpcFault && !error.remote) return error;
  processLogs().server.traceback(error);
  const own = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new RpcFault(code, context.scope.debug ? own : text);
}
