import { credentials } from "./credentials.ts";
import type { Sink } from "./sink.ts";
import { stamp } from "./stamp.ts";

/** What is known of a request when its answer is complete. Sizes are body bytes, -1 unknown; times ms since the epoch. */
export interface AccessRecord {
  /** Address of the connection's other end. */
  readonly peer: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** Query with its `?`, or `""`. */
  readonly search: string;
  readonly version: string;
  readonly headers: Headers;
  readonly requestBytes: number;
  readonly status: number;
  readonly responseBytes: number;
  /** Global transaction id of a peer, or the number behind this process's own prefix. */
  readonly transaction: string | number;
  readonly ltxnid: number;
  /** Requests in progress and websockets of this worker. */
  readonly connections: number;
  readonly started: number;
  /** When the handler had answered. */
  readonly handled: number;
  /** When the last byte was handed over. */
  readonly sent: number;
}

/** A clock that was set back makes no negative durations. */
const elapsed = (from: number, to: number): number => (to > from ? to - from : 0);

/** The first address of a proxy's list is the client. Only shown here, never believed. */
function forwardedFor(headers: Headers): string | null {
  const value = headers.get("x-forwarded-for");
  if (value === null) return null;
  const comma = value.indexOf(",");
  return (comma < 0 ? value : value.slice(0, comma)).trim();
}

/**
 * The request line, fields in the reference's order (Log Format): date time ip host method uri version reqbytes status
 * respbytes gtxn ltxn user token referer ua xff worker nconn handling transfer. Spec L1.
 */
function textLine(record: AccessRecord, { worker, idPrefix }: Origin, sink: Sink): void {
  const { headers, path, search, host } = record;
  const { user, token } = credentials(headers.get("authorization"));
  const referer = headers.get("referer");
  const agent = headers.get("user-agent");
  const forwarded = forwardedFor(headers);
  const client =
    path.length +
    search.length +
    host.length +
    lengthOf(referer) +
    lengthOf(agent) +
    lengthOf(forwarded) +
    lengthOf(user);
  // A client's character takes at most six bytes, the rest of a line less than 512.
  sink.reserve(client * 6 + 512);
  const { buffer } = sink;
  buffer.text(stamp(record.sent));
  buffer.word(record.peer);
  buffer.field(host);
  buffer.word(record.method);
  buffer.field(search === "" ? path : path + search);
  buffer.word(record.version);
  buffer.integer(record.requestBytes);
  buffer.integer(record.status);
  buffer.integer(record.responseBytes);
  if (typeof record.transaction === "string") buffer.word(record.transaction);
  else buffer.numbered(idPrefix, record.transaction);
  buffer.integer(record.ltxnid);
  buffer.quoted(user);
  buffer.field(token);
  buffer.quoted(referer);
  buffer.quoted(agent);
  buffer.field(forwarded);
  buffer.word(worker);
  buffer.integer(record.connections);
  buffer.integer(elapsed(record.started, record.handled));
  buffer.integer(elapsed(record.handled, record.sent));
  buffer.text("\n");
  sink.written();
}

const lengthOf = (value: string | null | undefined): number => value?.length ?? 0;

/** The same as one JSON object; absent values are left out, unknown sizes null. */
function jsonLine(record: AccessRecord, { worker, idPrefix }: Origin, sink: Sink): void {
  const { headers, requestBytes, responseBytes, started, handled, sent } = record;
  const { user, token } = credentials(headers.get("authorization"));
  const line = {
    time: new Date(sent).toISOString(),
    ip: record.peer,
    host: record.host || undefined,
    method: record.method,
    uri: record.path + record.search,
    version: record.version,
    requestBytes: requestBytes < 0 ? null : requestBytes,
    status: record.status,
    responseBytes: responseBytes < 0 ? null : responseBytes,
    gtxnid: typeof record.transaction === "string" ? record.transaction : idPrefix + record.transaction,
    ltxnid: record.ltxnid,
    user,
    token,
    referer: headers.get("referer") ?? undefined,
    userAgent: headers.get("user-agent") ?? undefined,
    forwardedFor: forwardedFor(headers) ?? undefined,
    worker,
    connections: record.connections,
    handling: elapsed(started, handled),
    transfer: elapsed(handled, sent),
  };
  sink.write(`${JSON.stringify(line)}\n`);
}

export type AccessLog = (record: AccessRecord) => void;

/** Who writes the lines. */
export interface Origin {
  /** `W0`, `W1` … */
  readonly worker: string;
  /** What global ids of this process start with. */
  readonly idPrefix: string;
}

export function accessLog(sink: Sink, format: "text" | "json", origin: Origin): AccessLog {
  const line = format === "json" ? jsonLine : textLine;
  return (record) => line(record, origin, sink);
}
