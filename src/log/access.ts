import { credentials } from "./credentials.ts";
import { field, quoted } from "./escape.ts";
import type { Sink } from "./sink.ts";
import { stamp } from "./stamp.ts";

/** What is known of a request when its answer is complete. Sizes are body bytes, -1 unknown; durations ms. */
export interface AccessRecord {
  readonly ip: string;
  readonly host: string;
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  readonly version: string;
  readonly requestBytes: number;
  readonly status: number;
  readonly responseBytes: number;
  readonly gtxnid: string;
  readonly ltxnid: number;
  readonly headers: Headers;
  readonly connections: number;
  readonly handling: number;
  readonly transfer: number;
}

const size = (bytes: number): string => (bytes < 0 ? "-" : `${bytes}`);

/** The last address of a proxy's list is its own word; the first is the client. Only shown, never believed. */
function forwardedFor(headers: Headers): string | null {
  const value = headers.get("x-forwarded-for");
  return value && value.split(",", 1)[0]!.trim();
}

/**
 * The request line, fields in the reference's order (Log Format): date time ip host method uri version reqbytes status
 * respbytes gtxn ltxn user token referer ua xff worker nconn handling transfer. Spec L1.
 */
function textLine(record: AccessRecord, worker: string, now: number): string {
  const { headers } = record;
  const { user, token } = credentials(headers.get("authorization"));
  return (
    `${stamp(now)} ${record.ip} ${field(record.host)} ${record.method} ${field(record.uri)} ${record.version} ` +
    `${size(record.requestBytes)} ${record.status} ${size(record.responseBytes)} ${record.gtxnid} ${record.ltxnid} ` +
    `${quoted(user)} ${field(token)} ${quoted(headers.get("referer"))} ${quoted(headers.get("user-agent"))} ` +
    `${field(forwardedFor(headers))} ${worker} ${record.connections} ${record.handling} ${record.transfer}\n`
  );
}

/** The same as one JSON object; absent values are left out, unknown sizes null. */
function jsonLine(record: AccessRecord, worker: string, now: number): string {
  const { headers, requestBytes, responseBytes, ...rest } = record;
  const { user, token } = credentials(headers.get("authorization"));
  return `${JSON.stringify({
    time: new Date(now).toISOString(),
    ...rest,
    requestBytes: requestBytes < 0 ? null : requestBytes,
    responseBytes: responseBytes < 0 ? null : responseBytes,
    user,
    token,
    referer: headers.get("referer") ?? undefined,
    userAgent: headers.get("user-agent") ?? undefined,
    forwardedFor: forwardedFor(headers) ?? undefined,
    worker,
  })}\n`;
}

export type AccessLog = (record: AccessRecord, now: number) => void;

/** @param worker `W0`, `W1` … */
export function accessLog(sink: Sink, format: "text" | "json", worker: string): AccessLog {
  const line = format === "json" ? jsonLine : textLine;
  return (record, now) => sink.write(line(record, worker, now));
}
