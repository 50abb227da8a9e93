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
  BUILD_FAILED: { status: 500, title: "Build failed" },
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

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    const { cause, ...rest } = detail;
    super(describe(code, rest), cause === undefined ? undefined : { cause });
    this.name = "SkitaiError";
    this.code = code;
    this.status = codes[code].status;
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
