/**
 * Every failure the engine itself reports, by stable code. One row: HTTP status (when it reaches a client) and the
 * sentence an operator reads. `errors.test.ts` fails when a code is thrown that has no row.
 */
export const codes = {
  OPTION_INVALID: { status: 500, title: "Invalid option" },
  OPTION_UNKNOWN: { status: 500, title: "Unknown option" },
  MOUNT_INVALID: { status: 500, title: "Invalid mount" },
  DECLARATION_CLOSED: { status: 500, title: "Declaration is closed" },
  PORT_IN_USE: { status: 500, title: "Port in use" },
  PORT_DENIED: { status: 500, title: "Port not permitted" },
  NO_RESPONSE: { status: 500, title: "Handler returned no response" },
  RESPONSE_USED: { status: 500, title: "Handler returned a response whose body is used" },
  HANDLER_TIMEOUT: { status: 503, title: "Handler did not answer in time" },
  BODY_TIMEOUT: { status: 408, title: "Request body stalled" },
  BODY_TOO_LARGE: { status: 413, title: "Request body too large" },
  NO_CONTEXT: { status: 500, title: "Used outside a request" },
  SERVICE_RUNS: { status: 500, title: "Service runs already" },
  TLS_INVALID: { status: 500, title: "Invalid certificate or key" },
  LAUNCH_FAILED: { status: 500, title: "Server did not start" },
  INSTALL_FAILED: { status: 500, title: "Service is not installed" },
  ALIAS_INVALID: { status: 500, title: "Invalid alias" },
  ALIAS_UNKNOWN: { status: 500, title: "Unknown alias" },
  ALIAS_TYPE: { status: 500, title: "Alias of another type" },
  BACKEND_UNSENT: { status: 502, title: "Backend not reached" },
  BACKEND_NETWORK: { status: 502, title: "Connection to backend failed" },
  BACKEND_TIMEOUT: { status: 504, title: "Backend did not answer in time" },
  BACKEND_CANCELLED: { status: 499, title: "Call was cancelled" },
  BACKEND_STATUS: { status: 502, title: "Backend refused" },
  BACKEND_FAILED: { status: 502, title: "Call failed" },
  PROXY_UNREACHABLE: { status: 502, title: "Upstream not reached" },
  PROXY_MALFORMED: { status: 502, title: "Upstream answered no HTTP" },
  PROXY_OVERLOADED: { status: 503, title: "Upstream is busy" },
  PROXY_TIMEOUT: { status: 504, title: "Upstream did not answer in time" },
  PROXY_LOOP: { status: 508, title: "Request comes round again" },
  PROXY_PATH: { status: 400, title: "Path that leads elsewhere" },
  PROXY_ABORTED: { status: 499, title: "Client went away" },
  RESULT_NOT_ONE: { status: 410, title: "Not exactly one row" },
  RESULT_DUPLICATE: { status: 409, title: "Key exists already" },
  SQL_REFUSED: { status: 500, title: "Database refused" },
  SQL_PARAMETER: { status: 500, title: "Invalid parameter of a statement" },
  TRANSACTION_STATEMENT: { status: 500, title: "Statement of a transaction" },
  TRANSACTION_ENDED: { status: 500, title: "Transaction is over" },
  TRANSACTION_ABORTED: { status: 500, title: "Transaction has failed before" },
  STATE_UNKNOWN: { status: 500, title: "Unknown name of a state" },
  STATE_INVALID: { status: 500, title: "Invalid state" },
  EVENT_INVALID: { status: 500, title: "Event cannot be sent" },
  LOCK_LOST: { status: 503, title: "Lock was lost" },
  LOCK_TIMEOUT: { status: 503, title: "Lock is taken" },
  LOCK_REENTERED: { status: 500, title: "Lock is held already" },
  JOB_INVALID: { status: 500, title: "Invalid job" },
  JOB_FAILED: { status: 500, title: "Job failed" },
  JOB_TIMEOUT: { status: 504, title: "Job did not end in time" },
  JOB_CRASHED: { status: 500, title: "Job lost its thread or process" },
  JOB_OVERLOADED: { status: 503, title: "Too many jobs wait" },
  SUBPROCESS_FAILED: { status: 500, title: "Program failed" },
  BUILD_FAILED: { status: 500, title: "Build failed" },
  QUERY_INVALID: { status: 500, title: "Invalid query" },
  RPC_INVALID: { status: 400, title: "Invalid RPC message" },
  GATEWAY_TOKEN: { status: 401, title: "Token is missing or does not count" },
  GATEWAY_FORBIDDEN: { status: 403, title: "Not permitted" },
  GATEWAY_LIMIT: { status: 429, title: "Too many requests" },
  GATEWAY_FAILED: { status: 503, title: "Token cannot be checked" },
  SOCKET_HANDSHAKE: { status: 400, title: "Not a handshake of a websocket" },
  SOCKET_ORIGIN: { status: 403, title: "Websocket of another page" },
  SOCKET_QUERY: { status: 400, title: "Invalid query of a websocket" },
  SOCKET_LIMIT: { status: 503, title: "Too many websockets" },
  SOCKET_MESSAGE: { status: 400, title: "Invalid message of a websocket" },
  MAIL_INVALID: { status: 500, title: "Invalid mail" },
  MAIL_SPOOL: { status: 503, title: "Mail cannot be kept" },
  TABLE_QUERY: { status: 400, title: "Invalid query of a table" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof codes;

/** What was wrong: the thing, the value it was given, what would have been accepted. */
export interface ErrorDetail {
  name?: string;
  value?: unknown;
  accepted?: string;
  cause?: unknown;
}

/**
 * Base of all errors the engine throws. `message` is one line built from the detail:
 * `port: 70000 is not accepted; an integer from 0 to 65535 is`.
 */
export class SkitaiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: ErrorDetail;
  /** What a client may read, where the message is for operators. */
  readonly shown: string | undefined = undefined;

  /** @param status where it is not the one of the code's row */
  constructor(code: ErrorCode, detail: ErrorDetail = {}, status: number = codes[code].status) {
    const { cause, ...rest } = detail;
    super(describe(code, rest), cause === undefined ? undefined : { cause });
    this.name = "SkitaiError";
    this.code = code;
    this.status = status;
    this.detail = rest;
  }
}

function describe(code: ErrorCode, { name, value, accepted }: ErrorDetail): string {
  const parts = [name ?? codes[code].title];
  if (value !== undefined) parts.push(`: ${show(value)}`, accepted === undefined ? "" : " is not accepted");
  if (accepted !== undefined) parts.push(value === undefined ? `: ${accepted}` : `; accepted: ${accepted}`);
  return parts.join("");
}

/** One line, at most 120 characters, whatever the value is: client and operator input ends up in logs. */
function show(value: unknown): string {
  const text =
    typeof value === "string" ? JSON.stringify(value) : Bun.inspect(value, { depth: 1, compact: true });
  const line = text.replace(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}
