/** One line of a request log. Times are milliseconds since the epoch, durations milliseconds. */
export interface LoggedRequest {
  readonly kind: "request";
  readonly gtxnid: string;
  readonly ltxnid: number;
  readonly method: string;
  readonly host: string;
  readonly uri: string;
  readonly status: number;
  readonly worker: string;
  readonly start: number;
  readonly handling: number;
  readonly transfer: number;
  /** Milliseconds that `start` may be too early: text logs have whole seconds. */
  readonly blur: number;
  /** The file it is from. */
  readonly file: string;
}

/** One entry of an app or server log. */
export interface LoggedEntry {
  readonly kind: "entry";
  readonly gtxnid: string;
  readonly ltxnid: number;
  readonly type: string;
  readonly text: string;
  readonly time: number;
  readonly file: string;
}

export type Logged = LoggedRequest | LoggedEntry;

/** Reads a line of any log, as text or as JSON; `undefined` for one that names no transaction. Spec L1, L3, L5. */
export function readLine(line: string, file: string): Logged | undefined {
  if (line.startsWith("{")) return jsonRequest(line, file);
  return textEntry(line, file) ?? textRequest(line, file);
}

function jsonRequest(line: string, file: string): LoggedRequest | undefined {
  const given = parsed(line);
  if (given === undefined) return undefined;
  const { gtxnid, ltxnid, time, handling = 0, transfer = 0, method, host, uri, status, worker } = given;
  if (typeof gtxnid !== "string" || typeof ltxnid !== "number" || typeof time !== "string") return undefined;
  const durations = { handling: Number(handling) || 0, transfer: Number(transfer) || 0 };
  return {
    kind: "request",
    ...{ gtxnid, ltxnid, file, ...durations, blur: 0 },
    ...{ method: String(method), host: String(host ?? ""), uri: String(uri) },
    ...{ status: Number(status), worker: String(worker ?? "") },
    start: Date.parse(time) - durations.handling - durations.transfer,
  };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

const entryPattern = /^(\d{4})\.(\d\d)\.(\d\d) (\d\d):(\d\d):(\d\d) \[([\w.-]+):(\S+)\/(\d+)\] ([^]*)$/;

function textEntry(line: string, file: string): LoggedEntry | undefined {
  const match = entryPattern.exec(line);
  if (match === null) return undefined;
  const [, , , , , , , type = "", gtxnid = "", ltxnid, text = ""] = match;
  return { kind: "entry", gtxnid, ltxnid: Number(ltxnid), type, text, time: timeOf(match), file };
}

const requestPattern =
  /^(\d{4})\.(\d\d)\.(\d\d) (\d\d):(\d\d):(\d\d) \S+ (\S+) (\S+) (\S+) \S+ \S+ (\d+) \S+ (\S+) (\d+) .* (\S+) \d+ (\d+) (\d+)$/;

function textRequest(line: string, file: string): LoggedRequest | undefined {
  const match = requestPattern.exec(line);
  if (match === null) return undefined;
  const [host = "", method = "", uri = "", status, gtxnid = "", ltxnid, worker = "", ...times] =
    match.slice(7);
  const [handling = 0, transfer = 0] = times.map(Number);
  return {
    kind: "request",
    ...{ gtxnid, ltxnid: Number(ltxnid), method, host, uri, status: Number(status), worker, file },
    ...{ handling, transfer, blur: 1000, start: timeOf(match) - handling - transfer },
  };
}

/** Local time, as the logs have it. */
function timeOf(match: RegExpExecArray): number {
  const [year = 0, month = 1, day, hour, minute, second] = match.slice(1, 7).map(Number);
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}
